/** Requests to the server that the page is from. */

/** What the server said is wrong. */
export class ServerError extends Error {
  constructor(status, { message, code } = {}) {
    super(message ?? `The server answered with status ${status}`)
    this.status = status
    this.code = code
  }
}

const stored = 'clvp-key'

export class Api {
  #ask
  #key = localStorage.getItem(stored)

  /** @param ask asks the person for a key, and resolves to it */
  constructor(ask) {
    this.#ask = ask
  }

  get hasKey() {
    return this.#key !== null
  }

  /** Sends a request, and again with a key if the server wants one. */
  async send(route, { json, ...init } = {}) {
    for (;;) {
      const headers = {
        ...(this.#key !== null && { authorization: `Bearer ${this.#key}` }),
        ...(json && { 'content-type': 'application/json' }),
      }
      const body = json ? JSON.stringify(json) : init.body
      const answer = await fetch(route, { method: body ? 'POST' : 'GET', ...init, headers, body })
      if (answer.ok) return answer
      const { error } = await answer.json().catch(() => ({}))
      if (answer.status !== 401) throw new ServerError(answer.status, error)
      await this.askForKey()
    }
  }

  async askForKey() {
    this.#key = await this.#ask()
    localStorage.setItem(stored, this.#key)
  }

  async get(route) {
    return (await this.send(route)).json()
  }

  async post(route, json, signal) {
    return (await this.send(route, { json, signal })).json()
  }

  /** The events of an answer, as they come. */
  async *events(route, json, signal) {
    const { body } = await this.send(route, { json, signal })
    const reader = body.pipeThrough(new TextDecoderStream()).getReader()
    let rest = ''
    for (;;) {
      const { value, done } = await reader.read()
      if (done) return
      const lines = (rest + value).split('\n\n')
      rest = lines.pop()
      for (const line of lines) {
        const event = JSON.parse(line.replace(/^data: /, ''))
        if (event.type === 'error') throw new ServerError(500, event.error)
        yield event
      }
    }
  }
}
