import { useSignal } from '@preact/signals'
import type { JSX } from 'preact'
import type { SchemaAnswer } from '../../../../src/serve/contract/sql.ts'
import { quoted } from '../completion.ts'
import { editor, loadSchema, runThis, schema } from '../desk.ts'

type Table = SchemaAnswer['tables'][number]
type Taken = { readonly taken: () => void }

/** Functions that are listed at once; a search finds the others. */
const FUNCTIONS_MAX = 40

/** Relations with their columns, and functions; a click on a name puts it into the editor. */
export function SchemaList({ taken }: Taken): JSX.Element {
  const wanted = useSignal('')
  const { answer, fault } = schema.value
  if (answer === null)
    return fault === null ? (
      <p class="empty">Loading the schema.</p>
    ) : (
      <div class="note bad" role="alert">
        <span>{fault.message}</span>
        <span class="remedy">{fault.remedy}</span>
        <button type="button" onClick={() => void loadSchema()}>
          Try again
        </button>
      </div>
    )
  const word = wanted.value.trim().toLowerCase()
  const tables = answer.tables.filter((table) => matches(table, word))
  return (
    <>
      <label class="field sql-find">
        <span class="hidden-text">Find a relation, column or function</span>
        <input
          type="search"
          placeholder="Relation, column, function"
          value={wanted.value}
          onInput={({ currentTarget }) => (wanted.value = currentTarget.value)}
        />
      </label>
      {tables.map((table) => (
        <Relation key={table.name} table={table} word={word} taken={taken} />
      ))}
      <Functions functions={answer.functions} word={word} taken={taken} />
    </>
  )
}

const matches = ({ name, columns }: Table, word: string): boolean =>
  name.includes(word) || columns.some((column) => column.name.includes(word))

function Relation({ table, word, taken }: Taken & { table: Table; word: string }): JSX.Element {
  const columns =
    table.name.includes(word) || word === ''
      ? table.columns
      : table.columns.filter(({ name }) => name.includes(word))
  return (
    <details class="sql-relation" open={word !== '' || table.name === 'trades'}>
      <summary>
        <span class="mono">{table.name}</span>
        <span class="muted small">{table.columns.length} columns</span>
      </summary>
      <p class="muted small">{table.about}</p>
      <p class="toolbar">
        <Insert name={table.name} label={`Insert name ${table.name}`} taken={taken}>
          Insert name
        </Insert>
        <button
          type="button"
          class="sql-small"
          onClick={() => {
            runThis(`SELECT * FROM ${quoted(table.name)}\nLIMIT 100`)
            taken()
          }}
        >
          Query this<span class="hidden-text">: {table.name}</span>
        </button>
      </p>
      <ul role="list" class="sql-columns">
        {columns.map(({ name, type, about }) => (
          <li key={name}>
            <Insert name={quoted(name)} label={`Insert ${name}`} taken={taken} isName>
              {name}
            </Insert>
            <span class="sql-type">{type}</span>
            {about !== '' && <span class="muted small sql-about">{about}</span>}
          </li>
        ))}
      </ul>
    </details>
  )
}

type InsertProps = Taken & {
  readonly name: string
  readonly label: string
  readonly isName?: boolean
  readonly children: string
}

function Insert({ name, label, isName = false, children, taken }: InsertProps): JSX.Element {
  return (
    <button
      type="button"
      class={isName ? 'quiet mono sql-name' : 'sql-small'}
      aria-label={label}
      title={label}
      onClick={() => {
        taken()
        editor.peek()?.insert(name)
      }}
    >
      {children}
    </button>
  )
}

function Functions(
  props: Taken & { functions: SchemaAnswer['functions']; word: string },
): JSX.Element | null {
  const { functions, word, taken } = props
  const found = functions.filter(({ name }) => name.includes(word))
  if (found.length === 0) return null
  return (
    <details class="sql-relation" open={word !== ''}>
      <summary>
        <span>Functions</span>
        <span class="muted small">{found.length}</span>
      </summary>
      <ul role="list" class="sql-columns">
        {found.slice(0, FUNCTIONS_MAX).map(({ name, call, about }) => (
          <li key={call}>
            <Insert name={call} label={`Insert ${name}`} taken={taken} isName>
              {call}
            </Insert>
            <span class="muted small sql-about">{about}</span>
          </li>
        ))}
      </ul>
      {found.length > FUNCTIONS_MAX && (
        <p class="muted small">
          {FUNCTIONS_MAX} of {found.length}: type a part of the name above to find more.
        </p>
      )}
    </details>
  )
}
