/**
 * Runs all acts side by side until all have ended. The first that fails aborts `failed`, so that the others end;
 * then the first failure, in the order of the acts, is thrown.
 */
export async function together(
  acts: readonly (() => Promise<void>)[],
  failed: AbortController,
): Promise<void> {
  const running = acts.map(async (act) => {
    try {
      await act()
    } catch (error) {
      failed.abort()
      throw error
    }
  })
  const outcomes = await Promise.allSettled(running)
  const failure = outcomes.find((outcome) => outcome.status === 'rejected')
  if (failure !== undefined) throw failure.reason
}
