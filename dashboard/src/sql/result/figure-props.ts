import type { JSX } from 'preact'
import type { Column } from '../../../../src/serve/contract/sql.ts'
import type { Figure } from './figure.ts'
import type { Row } from './rows.ts'

/** What each kind of picture is given; `control` stands before the controls of its own. */
export type FigureProps<K extends Figure['kind']> = {
  readonly figure: Extract<Figure, { kind: K }>
  readonly columns: readonly Column[]
  readonly rows: readonly Row[]
  readonly control: JSX.Element | null
}
