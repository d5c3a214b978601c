import { Fault } from '../../flow/fault.ts'

/* Why there is no answer from the process of a query. */

const REMEDY = 'Ask for less, a day or a symbol; smaller texts and lists in one row.'
export const overMemory = (bytesMax: number, what = 'the statement'): Fault =>
  new Fault(
    'invalid',
    `${what} needed more memory than the ${Math.round(bytesMax / 1e6)} MB that there are`,
    { remedy: REMEDY },
  )
export const crashed = (): Fault =>
  new Fault('unavailable', 'the engine for statements ended; it may have had too little memory', {
    remedy: `Run it again. ${REMEDY}`,
  })
export const stubborn = (): Fault =>
  new Fault(
    'invalid',
    'the statement took too long and could not be stopped; its engine was ended',
    {
      remedy: REMEDY,
    },
  )
export const bystander = (): Fault =>
  new Fault('unavailable', 'the engine was ended because of another statement', {
    remedy: 'Run it again.',
  })
export const slowToOpen = (ms: number): Fault =>
  new Fault('unavailable', `the engine for statements did not open in ${ms} ms`, {
    remedy: 'Try again; where it stays so, see the log of serve.',
  })
export const stopped = (): Fault =>
  new Fault('closed', 'the engine for statements was closed', { remedy: 'Run it again.' })
export const cancelled = (): Fault =>
  new Fault('closed', 'the statement was cancelled', {
    remedy: 'Run it again if it was not meant.',
  })
export const mixedUp = (): Fault =>
  new Fault('bug', 'the engine for statements answered another question', {
    remedy: 'Report this with the statement.',
  })
