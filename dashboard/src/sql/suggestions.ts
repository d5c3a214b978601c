import {
  snippet,
  type Completion,
  type CompletionContext,
  type CompletionResult,
} from '@codemirror/autocomplete'
import { syntaxTree } from '@codemirror/language'
import type { SchemaAnswer } from '../../../src/serve/contract/sql.ts'
import { columnsBehind, optionsFor, type Option } from './completion.ts'
import { statementAt } from './statements.ts'

/** Columns before relations before functions before keywords, where they match alike. */
const BOOST = { column: 30, table: 20, function: 0 } as const
const ICON = { column: 'property', table: 'class', function: 'function' } as const

/** What the schema has to say where the cursor is; null: nothing, as in strings and comments. */
export function schemaSuggestions(
  context: CompletionContext,
  schema: SchemaAnswer | null,
): CompletionResult | null {
  const inside = syntaxTree(context.state).resolveInner(context.pos, -1).name
  if (schema === null || /Comment|String/.test(inside)) return null
  const text = context.state.doc.toString()
  const statement = statementAt(text, context.pos)?.sql ?? ''
  const behind = context.matchBefore(/"?\w+"?\.\w*/)
  if (behind !== null) {
    const [alias = '', begun = ''] = behind.text.replaceAll('"', '').split('.')
    const options = columnsBehind(alias, statement, schema)
    return options === null ? null : resultOf(options, context.pos - begun.length)
  }
  const word = context.matchBefore(/\w+/)
  if (word === null && !context.explicit) return null
  return resultOf(optionsFor(statement, schema), word?.from ?? context.pos)
}

const resultOf = (options: readonly Option[], from: number): CompletionResult => ({
  from,
  options: options.map(completionOf),
  validFor: /^\w*$/,
})

/** A function comes with its brackets, and the cursor between them. */
const completionOf = ({ label, kind, detail, info, apply }: Option): Completion => ({
  label,
  detail: ` ${detail}`,
  type: ICON[kind],
  boost: BOOST[kind],
  ...(info === '' ? {} : { info }),
  apply: kind === 'function' ? snippet(`${label}(\${})`) : apply,
})
