/** Decimal units as disks and networks count them, binary ones as memory does. */
const SIZES: Readonly<Record<string, number>> = {
  B: 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KiB: 1024,
  MiB: 1024 ** 2,
  GiB: 1024 ** 3,
}

export const SIZE = /^(\d+(?:\.\d+)?) ?(B|KB|MB|GB|TB|KiB|MiB|GiB)$/

/** `64MB`, `1.5GiB` in bytes; null: not a size. */
export function parseSize(text: string): number | null {
  const found = SIZE.exec(text)
  const unit = SIZES[found?.[2] ?? '']
  return found === null || unit === undefined ? null : Math.round(Number(found[1]) * unit)
}

/** The shortest exact text of a size in bytes. */
export function showSize(bytes: number): string {
  const exact = ['GiB', 'MiB', 'GB', 'MB', 'KiB', 'KB'].find(
    (name) => bytes > 0 && bytes % (SIZES[name] ?? 1) === 0,
  )
  return exact === undefined ? `${bytes}B` : `${bytes / (SIZES[exact] ?? 1)}${exact}`
}
