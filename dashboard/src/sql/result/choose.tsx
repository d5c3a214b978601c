import type { JSX } from 'preact'

export type ChooseProps = {
  readonly label: string
  readonly options: readonly string[]
  readonly chosen: number
  readonly choose: (place: number) => void
}

/** One of some, where there is a choice. */
export function Choose({ label, options, chosen, choose }: ChooseProps): JSX.Element | null {
  if (options.length < 2) return null
  return (
    <label class="field inline">
      <span>{label}</span>
      <select
        value={String(chosen)}
        onChange={({ currentTarget }) => choose(Number(currentTarget.value))}
      >
        {options.map((name, i) => (
          <option key={i} value={String(i)}>
            {name}
          </option>
        ))}
      </select>
    </label>
  )
}
