import { startBareFeed, type BareFeed } from './bare-feed.ts'
import { openBrowser, type TestBrowser } from './browser.ts'
import { openWorld, type World } from './world.ts'

/** A market that a test makes, recorded, landed and served, and a browser before it. */
export type Stage = AsyncDisposable & {
  readonly world: World
  readonly feed: BareFeed
  readonly browser: TestBrowser
  /** Of the page, `http://127.0.0.1:PORT/`. */
  readonly url: string
}

export async function openStage(symbols: readonly string[]): Promise<Stage> {
  await using opening = new AsyncDisposableStack()
  const world = opening.use(await openWorld())
  const feed = opening.use(await startBareFeed())
  await world.record(feed.url, symbols)
  await feed.connected
  await world.land()
  const { url } = await world.serve()
  const browser = opening.use(await openBrowser())
  const held = opening.move()
  return { world, feed, browser, url, [Symbol.asyncDispose]: () => held.disposeAsync() }
}
