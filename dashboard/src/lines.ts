/** The lines of a stream of UTF-8 text without their ends, no empty ones. Ending it early cancels the stream. */
export async function* linesOf(
  body: ReadableStream<Uint8Array>,
): AsyncGenerator<string, void, undefined> {
  const reader = body.getReader()
  const decoder = new TextDecoder()
  let kept = ''
  try {
    for (;;) {
      const { done, value } = await reader.read()
      const parts = (kept + decoder.decode(value, { stream: !done })).split('\n')
      kept = parts.pop() ?? ''
      for (const part of parts) if (part !== '') yield part
      if (done) break
    }
    if (kept !== '') yield kept
  } finally {
    // A stream that has failed has nothing to cancel.
    await reader.cancel().catch(() => undefined)
  }
}
