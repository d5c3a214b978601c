import type { Clock } from '../../src/flow/clock.ts'
import type { Random } from '../../src/flow/random.ts'

/** Simulated time: it stands still while anything can run, then jumps to the next sleeper. */
export type World = {
  readonly clock: Clock
  /** Runs until nobody sleeps any more. */
  run(): Promise<void>
}

// A schedule that takes more steps than this does not end: a lander tries for ever.
const STEPS_MAX = 100_000

export function simulatedWorld(startMs: number): World {
  let now = startMs
  let order = 0
  const sleepers: { at: number; order: number; wake: () => void }[] = []
  const clock: Clock = {
    now: () => now,
    monotonic: () => now - startMs,
    sleep: (ms) =>
      new Promise((wake) => {
        order += 1
        sleepers.push({ at: now + Math.max(0, ms), order, wake })
      }),
  }
  const next = () => {
    let best = 0
    for (let i = 1; i < sleepers.length; i++) {
      const [a, b] = [sleepers[i], sleepers[best]]
      if (a === undefined || b === undefined) continue
      if (a.at < b.at || (a.at === b.at && a.order < b.order)) best = i
    }
    return sleepers.splice(best, 1)[0]
  }
  return {
    clock,
    run: async () => {
      for (let step = 0; step < STEPS_MAX; step++) {
        // Everything simulated is made of promises alone, so one turn of the loop lets all of it run.
        await new Promise((resolve) => setImmediate(resolve))
        const sleeper = next()
        if (sleeper === undefined) return
        now = Math.max(now, sleeper.at)
        sleeper.wake()
      }
      throw new Error(`the schedule did not end after ${STEPS_MAX} steps`)
    },
  }
}

/** One process of the simulation: at each step it may die, or stop for a while and go on as if nothing were. */
export type SimulatedProcess = {
  readonly dead: Promise<void>
  step(): Promise<void>
}

export type Chances = {
  readonly dies: number
  readonly stops: number
  /** How long it may stop, ms: past the age at which a staged batch is dropped. */
  readonly stopsMsMax: number
}

export function simulatedProcess(
  world: World,
  random: Random,
  chances: () => Chances,
): SimulatedProcess {
  let die = () => {}
  const dead = new Promise<void>((resolve) => (die = resolve))
  return {
    dead,
    step: async () => {
      const { dies, stops, stopsMsMax } = chances()
      if (random.next() < dies) {
        die()
        await new Promise(() => {}) // kill -9: what comes after this line never runs
      }
      if (random.next() < stops) await world.clock.sleep(random.next() * stopsMsMax)
    },
  }
}

/** `target` with a step of `process` before and after each call of the named methods. */
export function stepped<T extends object>(
  target: T,
  process: SimulatedProcess,
  names: readonly (keyof T)[],
): T {
  const out = { ...target }
  for (const name of names) {
    const method = target[name]
    if (typeof method !== 'function') continue
    const around = async (...args: unknown[]): Promise<unknown> => {
      await process.step()
      const result: unknown = await Reflect.apply(method, target, args)
      await process.step()
      return result
    }
    out[name] = around as T[keyof T]
  }
  return out
}
