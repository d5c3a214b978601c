import type { JSX } from 'preact'
import type { Draw } from './use-drawn.ts'
import { useDrawn } from './use-drawn.ts'

export type FrameProps = {
  readonly draw: Draw
  /** What the picture shows. */
  readonly label: string
  /** Below it: what the time is in, how to move. */
  readonly foot: string
}

/** A picture that a library draws. */
export function ChartFrame({ draw, label, foot }: FrameProps): JSX.Element {
  const { host, isBroken } = useDrawn(draw)
  return (
    <>
      <div class="result-picture scroll" tabIndex={0} role="region" aria-label="Chart">
        <span class="hidden-text" role="img" aria-label={label} />
        <div class="result-host" ref={host} />
      </div>
      {isBroken && (
        <p class="note bad" role="alert">
          The chart cannot be drawn; the table has the same. Load the page again to try once more.
        </p>
      )}
      <p class="result-foot muted small">{foot}</p>
    </>
  )
}
