/** A row as the server tells it: whole numbers of 64 bits are text. */
export type Row = readonly unknown[]

/** Rows in the pieces in which they came; none is copied when more come. */
export type Rows = {
  readonly length: number
  /** undefined: there is no such row. */
  at(index: number): Row | undefined
}

export type GrowingRows = Rows & { add(rows: readonly Row[]): void }

export const NO_ROWS: Rows = { length: 0, at: () => undefined }

export function createRows(): GrowingRows {
  const pieces: { readonly from: number; readonly rows: readonly Row[] }[] = []
  let length = 0
  const pieceOf = (index: number) => {
    let low = 0
    let high = pieces.length - 1
    while (low < high) {
      const middle = Math.ceil((low + high) / 2)
      if ((pieces[middle]?.from ?? 0) <= index) low = middle
      else high = middle - 1
    }
    return pieces[low]
  }
  return {
    get length() {
      return length
    },
    at(index) {
      if (index < 0 || index >= length) return undefined
      const piece = pieceOf(index)
      return piece?.rows[index - piece.from]
    },
    add(rows) {
      if (rows.length === 0) return
      pieces.push({ from: length, rows })
      length += rows.length
    },
  }
}
