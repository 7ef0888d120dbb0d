/** The voice: picked, recorded, or uploaded. */
import { complain, element, find, tell } from './element.js'
import { audioContext, decode, joined, wavOf } from './sound.js'

const longest = 60

export class Voices {
  #api
  #all = []
  #clip
  #recorder

  constructor(api) {
    this.#api = api
    const on = (id, work) => find(id).addEventListener('click', () => work().catch(complain))
    on('record', () => this.#record())
    on('finish', async () => this.#recorder?.stop())
    on('cancel', async () => this.#cancel())
    on('upload', async () => find('file').click())
    on('save', () => this.#save())
    on('discard', async () => this.#discard())
    on('delete', () => this.#delete())
    find('voice').addEventListener('change', () => this.#showDelete())
    find('file').addEventListener('change', () => this.#take().catch(complain))
  }

  get chosen() {
    return find('voice').value
  }

  async load(chosen = this.chosen) {
    const { voices } = await this.#api.get('/v1/audio/voices')
    this.#all = voices
    const select = find('voice')
    select.replaceChildren(...voices.map(({ id, name }) => element('option', { value: id }, name)))
    if (voices.some(({ id }) => id === chosen)) select.value = chosen
    this.#showDelete()
  }

  #showDelete() {
    find('delete').hidden = !this.#all.find(({ id }) => id === this.chosen)?.deletable
  }

  async #record() {
    complain()
    const stream = await navigator.mediaDevices.getUserMedia({ audio: true }).catch((error) => {
      throw new Error(
        `The microphone cannot be used (${error.message}): allow it for this page, or upload a file`,
      )
    })
    const pieces = []
    const recorder = new MediaRecorder(stream)
    this.#recorder = recorder
    const stopMeter = this.#meter(stream)
    recorder.addEventListener('dataavailable', ({ data }) => pieces.push(data))
    recorder.addEventListener('stop', async () => {
      stopMeter()
      for (const track of stream.getTracks()) track.stop()
      this.#show('sources')
      if (this.#recorder !== recorder) return // cancelled
      try {
        this.#offer(await decode(await new Blob(pieces).arrayBuffer()))
      } catch (error) {
        complain(error)
      }
    })
    recorder.start()
    this.#show('recording')
    find('finish').focus()
  }

  #cancel() {
    const recorder = this.#recorder
    this.#recorder = undefined
    recorder?.stop()
  }

  /** Shows seconds and level until it is stopped; a recording that is long enough ends. */
  #meter(stream) {
    const analyser = audioContext().createAnalyser()
    const source = audioContext().createMediaStreamSource(stream)
    source.connect(analyser)
    const samples = new Float32Array(analyser.fftSize)
    const begun = performance.now()
    const timer = setInterval(() => {
      const seconds = (performance.now() - begun) / 1000
      analyser.getFloatTimeDomainData(samples)
      const power = samples.reduce((sum, each) => sum + each * each, 0) / samples.length
      find('level').value = Math.min(1, 4 * Math.sqrt(power))
      find('seconds').textContent = `${seconds.toFixed(0)} s`
      if (seconds > longest) this.#recorder?.stop()
    }, 100)
    return () => {
      clearInterval(timer)
      source.disconnect()
    }
  }

  async #take() {
    complain()
    const files = [...find('file').files]
    find('file').value = ''
    if (files.length === 0) return
    const clips = []
    for (const file of files) {
      const clip = await decode(await file.arrayBuffer()).catch(() => undefined)
      if (!clip)
        throw new Error(`${file.name} holds no sound that this browser can read: choose another file`)
      clips.push(clip)
    }
    this.#offer(joined(clips), files[0].name.replace(/\.\w+$/, '').replace(/[^\w -]/g, '-'))
  }

  #offer(sound, name = '') {
    this.#clip = wavOf(sound)
    find('heard').src = URL.createObjectURL(this.#clip)
    find('name').value = name
    find('findings').hidden = true
    this.#show('keep')
    find('name').focus()
  }

  async #save() {
    complain()
    const name = find('name').value.trim()
    if (!name || !find('name').checkValidity()) {
      throw new Error('Expected 1 to 64 letters, digits, blanks, - or _ as the name of the voice')
    }
    if (!find('consent').checked)
      throw new Error('Expected your word that you may use this voice: tick the box')
    const form = new FormData()
    form.append('name', name)
    form.append('consent', 'stated on the page')
    form.append('audio_sample', this.#clip, 'recording.wav')
    find('save').disabled = true
    try {
      tell('The voice is being made.')
      const answer = await this.#api.send('/v1/audio/voices', { body: form })
      const { id, findings } = await answer.json()
      await this.load(id)
      this.#discard()
      const list = find('findings')
      list.replaceChildren(...findings.map(({ message }) => element('li', {}, message)))
      list.hidden = findings.length === 0
      tell(`The voice ${id} is there.`)
      find('voice').focus()
    } finally {
      find('save').disabled = false
    }
  }

  #discard() {
    URL.revokeObjectURL(find('heard').src)
    this.#clip = undefined
    find('consent').checked = false
    this.#show('sources')
  }

  async #delete() {
    complain()
    const { chosen } = this
    await this.#api.send(`/v1/audio/voices/${encodeURIComponent(chosen)}`, { method: 'DELETE' })
    await this.load()
    tell(`The voice ${chosen} is deleted.`)
  }

  #show(shown) {
    for (const id of ['sources', 'recording', 'keep']) find(id).hidden = id !== shown
  }
}
