import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { isFault } from '../flow/fault.ts'
import { readOnlyStatement } from './read-only.ts'

const refuses = (sql: string, words: RegExp) =>
  assert.throws(
    () => readOnlyStatement(sql),
    (error) => isFault(error, 'invalid') && words.test(error.message),
  )

describe('a statement for an engine of others', () => {
  test('that reads is taken, without the semicolon at its end', () => {
    for (const sql of [
      'SELECT 1',
      'with a AS (SELECT 1) SELECT * FROM a',
      '-- a note\n/* and; one */ (SELECT 1)',
      'VALUES 1, 2',
      'TABLE trades',
      'show tables',
      'DESCRIBE trades',
      'EXPLAIN ANALYZE VERBOSE SELECT 1',
      'EXPLAIN (TYPE DISTRIBUTED, FORMAT JSON) (SELECT 1)',
    ]) {
      assert.equal(readOnlyStatement(sql), sql)
      assert.equal(readOnlyStatement(`${sql}; \n-- the end\n;`), sql)
    }
  })

  test('that does more is refused by its first word', () => {
    for (const word of 'INSERT UPDATE DELETE MERGE CREATE DROP ALTER CALL EXECUTE OPTIMIZE MSCK'.split(
      ' ',
    ))
      refuses(`/* SELECT */ ${word.toLowerCase()} x`, new RegExp(`^${word} does more than read`))
    refuses('EXPLAIN ANALYZE INSERT INTO x SELECT 1', /^INSERT/)
    refuses('EXPLAIN (TYPE IO) /* ; */ DELETE FROM x', /^DELETE/)
    refuses('EXPLAIN -- SELECT\n DROP TABLE x', /^DROP/)
  })

  test('that is none of them is told apart, with what was meant', () => {
    refuses('SELEC 1', /^no statement that reads begins with SELEC: did you mean SELECT\?$/)
    refuses('hello', /^no statement that reads begins with HELLO$/)
    refuses('FROM trades LIMIT 1', /^FROM first is DuckDB's SQL$/)
  })

  test('comes alone', () => {
    refuses('SELECT 1; DROP TABLE x', /more than one/)
    refuses('SELECT 1 -- one;\n; SELECT 2', /more than one/)
    refuses(' -- nothing\n', /is empty/)
    refuses(';', /is empty/)
    for (const sql of ["SELECT ';', ''';'", 'SELECT ";" FROM "a;b"', 'SELECT 1 /* ; */ -- ;'])
      assert.equal(readOnlyStatement(sql), sql)
  })
})
