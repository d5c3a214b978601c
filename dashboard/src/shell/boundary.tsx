import type { ComponentChildren, JSX } from 'preact'
import { useErrorBoundary } from 'preact/hooks'

/** Shows what went wrong instead of what cannot be shown; the rest of the page goes on. */
export function Boundary({
  name,
  children,
}: {
  name: string
  children: ComponentChildren
}): JSX.Element {
  const [error, retry] = useErrorBoundary((error: unknown) => {
    // For whoever looks into the browser's console; the message itself is on the page.
    reportError(error)
  }) as [unknown, () => void]
  if (error === undefined || error === null) return <>{children}</>
  return <Failed name={name} error={error} retry={retry} />
}

export function Failed({
  name,
  error,
  retry,
}: {
  name: string
  error: unknown
  retry: () => void
}): JSX.Element {
  return (
    <div class="empty" role="alert">
      <p class="title">{name} cannot be shown</p>
      <p>{error instanceof Error ? error.message : String(error)}</p>
      <p class="toolbar">
        <button type="button" class="primary" onClick={retry}>
          Try again
        </button>
        <button type="button" onClick={() => location.reload()}>
          Load the page again
        </button>
      </p>
    </div>
  )
}
