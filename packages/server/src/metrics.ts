/** What is counted, in Prometheus' units. */
import type { GenerateResult, SpokenText } from 'node-clvp'
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { FairQueue } from './fair_queue.js'

const seconds = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300]

export class Metrics {
  readonly registry = new Registry()
  readonly requests = this.#counter('clvp_requests_total', 'Requests by route and status', ['route', 'code'])
  readonly durations = this.#histogram('clvp_request_duration_seconds', 'From a request to its last byte', [
    'route',
  ])
  readonly firstAudio = this.#histogram(
    'clvp_time_to_first_audio_seconds',
    'From a request to its first sound',
    [],
  )
  readonly refused = this.#counter('clvp_requests_refused_total', 'Requests that found the queue full', [])
  readonly audioSeconds = this.#counter('clvp_audio_seconds_total', 'Seconds of speech made', [])
  readonly codes = this.#counter('clvp_codes_total', 'Speech codes drawn', [])
  readonly candidates = this.#counter('clvp_candidates_total', 'Candidates drawn', [])
  readonly stages = this.#histogram('clvp_stage_duration_seconds', 'Work of a stage for one request', [
    'stage',
  ])
  readonly loaded = new Gauge({
    name: 'clvp_model_loaded',
    help: 'Whether a model is in memory',
    labelNames: ['model'],
    registers: [this.registry],
  })

  constructor(version: string) {
    collectDefaultMetrics({ register: this.registry })
    const build = new Gauge({
      name: 'clvp_build_info',
      help: 'The version of the server',
      labelNames: ['version', 'node'],
      registers: [this.registry],
    })
    build.set({ version, node: process.versions.node }, 1)
  }

  /** Shows how many requests run and wait. */
  watch(queue: FairQueue): void {
    for (const [state, help] of [
      ['running', 'Requests that are worked on'],
      ['waiting', 'Requests in the queue'],
    ] as const) {
      new Gauge({
        name: `clvp_requests_${state}`,
        help,
        registers: [this.registry],
        collect() {
          this.set(queue[state])
        },
      })
    }
  }

  /** Counts a draw. */
  drew({ candidates, timings }: GenerateResult): void {
    this.candidates.inc(candidates.length)
    this.codes.inc(candidates.reduce((sum, { drawnCodes }) => sum + drawnCodes.length, 0))
    this.#stage('condition', timings.prefillMs)
    this.#stage('decode', timings.decodeMs)
    this.#stage('rank', timings.scoreMs)
  }

  /** Counts speech. */
  spoke({ parts, timings }: SpokenText): void {
    for (const { result } of parts) this.drew(result)
    this.#stage('diffuse', timings.diffusionMs)
    this.#stage('vocode', timings.hifiganMs + timings.vocoderMs)
  }

  #stage(stage: string, milliseconds: number): void {
    if (milliseconds > 0) this.stages.observe({ stage }, milliseconds / 1000)
  }

  #counter<T extends string>(name: string, help: string, labelNames: T[]): Counter<T> {
    return new Counter({ name, help, labelNames, registers: [this.registry] })
  }

  #histogram<T extends string>(name: string, help: string, labelNames: T[]): Histogram<T> {
    return new Histogram({ name, help, labelNames, buckets: seconds, registers: [this.registry] })
  }
}
