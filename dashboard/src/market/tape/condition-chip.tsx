import type { Condition } from '../../../../src/serve/contract/market.ts'
import { codesOf, codeText } from './codes.ts'
import { TIP_ID, useTip } from './tip.tsx'

type Known = ReadonlyMap<string, Condition>

/** The conditions of a trade as chips: the code is in view, the name is read out and shown by hover and focus. */
export function Conditions({ text, known }: { text: string | null; known: Known }) {
  const { codes, rest } = codesOf(text)
  return (
    <>
      {codes.map((code, i) => (
        <Chip key={`${i} ${code}`} code={code} known={known.get(code)} />
      ))}
      {rest > 0 && <span class="tape-rest">+{rest}</span>}
    </>
  )
}

function Chip({ code, known }: { code: string; known: Condition | undefined }) {
  const tip = useTip()
  const text = codeText(code, known)
  const shown = (event: Event) => {
    if (event.currentTarget instanceof HTMLElement) tip.show(event.currentTarget, text)
  }
  return (
    <button
      type="button"
      class="tape-chip"
      data-stop
      tabindex={-1}
      aria-describedby={TIP_ID}
      onFocus={shown}
      onMouseEnter={shown}
      onClick={shown}
      onBlur={tip.hide}
      onMouseLeave={tip.hideSoon}
    >
      {code}
      {known !== undefined && <span class="hidden-text"> {known.name}</span>}
    </button>
  )
}
