import { useSignal } from '@preact/signals'
import type { JSX } from 'preact'
import type { z } from 'zod'
import type { EXPORT_FORMATS, ExportAnswer } from '../../../../src/serve/contract/sql.ts'
import { ApiFault, ask } from '../../api.ts'
import { unreadable } from '../../fault.ts'
import { announce } from '../../notice.ts'

type Format = (typeof EXPORT_FORMATS)[number]
const FORMATS: readonly (readonly [Format, string])[] = [
  ['parquet', 'Parquet'],
  ['csv', 'CSV'],
  ['ndjson', 'NDJSON'],
]

/** The whole answer of a statement as a file. */
export function useExport(sql: string) {
  const fault = useSignal<ApiFault | null>(null)
  const asking = useSignal<Format | null>(null)
  const begin = async (format: Format) => {
    fault.value = null
    asking.value = format
    try {
      const body = { sql, format }
      const { url } = await ask<z.infer<typeof ExportAnswer>>('/api/exports', { body })
      follow(url)
      announce('The download begins')
    } catch (error) {
      fault.value = error instanceof ApiFault ? error : unreadable()
    } finally {
      asking.value = null
    }
  }
  return { fault, asking, begin }
}

export type Exporting = ReturnType<typeof useExport>

type ButtonsProps = { readonly exporting: Exporting; readonly disabled: boolean }

export function ExportButtons({ exporting, disabled }: ButtonsProps): JSX.Element {
  const { asking, begin } = exporting
  return (
    <div class="group" role="group" aria-label="Export the whole result">
      {FORMATS.map(([format, name]) => (
        <button
          key={format}
          type="button"
          disabled={disabled || asking.value !== null}
          title={`Download the whole result as ${name}`}
          onClick={() => void begin(format)}
        >
          {asking.value === format ? '…' : name}
        </button>
      ))}
    </div>
  )
}

export function ExportFault({ exporting }: { readonly exporting: Exporting }): JSX.Element | null {
  const fault = exporting.fault.value
  if (fault === null) return null
  return (
    <div class="note bad" role="alert">
      <b>No export</b>
      <span class="result-fault">{fault.message}</span>
      <span class="remedy">{fault.remedy}</span>
    </div>
  )
}

/** The server names the file. */
function follow(url: string): void {
  const link = document.createElement('a')
  link.href = url
  link.download = ''
  document.body.append(link)
  link.click()
  link.remove()
}
