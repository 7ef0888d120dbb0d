// The page in a real browser: speak, record, listen, compare, keep; keys, failures, phones, and what axe says.
import t from 'tap'
import { accessibilityFaults, noBrowser, openBrowser, openPage, soundOf } from '../helpers/browser.js'
import { tinyFile } from '../helpers/model.js'
import { startServer } from '../helpers/server.js'
import { makeSpeakingModel } from '../helpers/speaking_model.js'

t.test('the page', { skip: noBrowser }, async (t) => {
  const speaking = await makeSpeakingModel(t.testdir({}), ['hifigan'])
  const mute = await tinyFile('plain', 'f32', 298)
  const server = await startServer(t, 'demo', `tiny=${speaking}`, `mute=${mute}`, '--threads', '1')
  const browser = await openBrowser(t)

  /** Fills in a text and waits for the end. */
  async function speak(page, text, { candidates = 3, seed = '1' } = {}) {
    await page.waitForSelector('#speak:enabled') // the models and voices are there
    await page.fill('#text', text)
    await page.locator('#seed').evaluate((input, value) => {
      input.value = value
    }, seed)
    await page.locator('#candidates').evaluate((input, value) => {
      input.value = value
      input.dispatchEvent(new Event('input', { bubbles: true }))
    }, String(candidates))
    await page.click('#speak')
    await page.waitForSelector('#speak:enabled')
  }

  await t.test('a text becomes candidates that are seen and heard', async (t) => {
    const page = await openPage(t, browser, server)
    await page.waitForSelector('#speak:enabled')
    t.same(await accessibilityFaults(page), [], 'before')
    await speak(page, 'Good morning.')
    t.equal(await page.textContent('#status'), 'Ready.')
    t.equal(await page.locator('.candidate').count(), 3)
    const scores = (await page.locator('.candidate .score b').allTextContents()).map(Number)
    t.same(
      scores,
      [...scores].sort((a, b) => b - a),
      'best first',
    )
    const isDrawn = await page
      .locator('canvas')
      .evaluateAll((all) =>
        all.map(
          (canvas) =>
            new Set(canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data).size > 20,
        ),
      )
    t.same(isDrawn, [true, true, true], 'pictures')
    const whole = await soundOf(page, '#whole-sound')
    t.ok(whole.level > 0.01 && whole.seconds > 0.3, JSON.stringify(whole))
    t.notOk(await page.isVisible('#note'))
    t.same(await accessibilityFaults(page), [], 'after')

    await page.click('[aria-label="Play candidate 2"]')
    await page.waitForSelector('.candidate.playing')
    t.ok(await page.isVisible('[aria-label="Stop candidate 2"]'))
    await page.waitForSelector('.candidate.playing', { state: 'detached' })

    const before = await page.getAttribute('#whole-sound', 'src')
    await page.click('[aria-label="Use candidate 3"]')
    await page.waitForFunction((src) => document.querySelector('#whole-sound').src !== src, before)
    t.equal(await page.getAttribute('[aria-label="Use candidate 3"]', 'aria-pressed'), 'true')

    await page.click('[aria-label="Compare candidate 1"]')
    await page.click('[aria-label="Compare candidate 2"]')
    await page.waitForSelector('#side-b:enabled')
    t.equal(await page.getAttribute('#side-b', 'aria-pressed'), 'true')
    await page.click('#side-a')
    t.equal(await page.getAttribute('#side-a', 'aria-pressed'), 'true')
    await page.click('#compare-play')
    t.equal(await page.textContent('#compare-play'), 'Stop')
    t.same(await accessibilityFaults(page), [], 'comparing')
    await page.click('#compare-end')
    t.notOk(await page.isVisible('#compare'))
  })

  await t.test('a model without stages of speech says so, and previews', async (t) => {
    const page = await openPage(t, browser, server)
    await page.waitForSelector('#speak:enabled')
    await page.selectOption('#model', 'mute')
    await speak(page, 'Good morning.', { candidates: 2 })
    t.match(await page.textContent('#note'), /previews/)
    const whole = await soundOf(page, '#whole-sound')
    t.ok(whole.level > 0.001, JSON.stringify(whole))
  })

  await t.test('a long text part by part', async (t) => {
    const page = await openPage(t, browser, server)
    await page.waitForSelector('#speak:enabled')
    await page.selectOption('#model', 'tiny')
    await speak(page, 'Hello world, here is the first part.\n\nThis is the second part of it.', {
      candidates: 2,
    })
    t.equal(await page.locator('.part').count(), 2)
    const { seconds } = await soundOf(page, '#whole-sound')
    t.ok(seconds > 0.5, `${seconds} s with a pause`)
    const link = await soundOf(page, '#download')
    t.equal(link.seconds, seconds)
  })

  await t.test('a voice is recorded, kept, spoken with, and deleted', async (t) => {
    const page = await openPage(t, browser, server)
    await page.waitForSelector('#speak:enabled')
    await page.click('#record')
    await page.waitForFunction(() => Number.parseInt(document.querySelector('#seconds').textContent, 10) >= 2)
    t.same(await accessibilityFaults(page), [], 'recording')
    await page.click('#finish')
    await page.waitForSelector('#keep:not([hidden])')
    const heard = await soundOf(page, '#heard')
    t.ok(heard.level > 0.001 && heard.seconds > 1, JSON.stringify(heard))
    await page.fill('#name', 'my voice')
    await page.click('#save')
    t.match(await page.textContent('#problem'), /you may use this voice/, 'consent is asked for')
    await page.check('#consent')
    t.same(await accessibilityFaults(page), [], 'keeping')
    await page.click('#save')
    await page.waitForFunction(() => document.querySelector('#voice').value === 'my-voice')
    await speak(page, 'Hello.', { candidates: 1 })
    t.equal(await page.locator('.candidate').count(), 1)
    await page.click('#delete')
    await page.waitForFunction(() => document.querySelector('#voice').value === 'demo')
    t.notOk(await page.isVisible('#delete'), "the operator's voice cannot be deleted")
  })

  await t.test('a file is uploaded; what is none is refused', async (t) => {
    const page = await openPage(t, browser, server)
    const { Clvp } = await import('../../dist/lib/index.js')
    await page.setInputFiles('#file', Clvp.demoVoice)
    await page.waitForSelector('#keep:not([hidden])')
    t.ok((await soundOf(page, '#heard')).seconds > 1)
    t.equal(await page.inputValue('#name'), 'voice')
    await page.click('#discard')
    await page.setInputFiles('#file', {
      name: 'a.mp3',
      mimeType: 'audio/mpeg',
      buffer: Buffer.from('nothing'),
    })
    await page.waitForSelector('#problem:not([hidden])')
    t.match(await page.textContent('#problem'), /a\.mp3 holds no sound/)
  })

  await t.test('failures are told, and the next text is spoken', async (t) => {
    const page = await openPage(t, browser, server)
    await speak(page, '* * *')
    t.match(await page.textContent('#problem'), /Expected letters or numbers/)
    await page.route('**/v1/candidates', (route) =>
      route.fulfill({ status: 503, json: { error: { message: 'The model is gone', code: 'model_lost' } } }),
    )
    await speak(page, 'Hello.')
    t.equal(await page.textContent('#problem'), 'The model is gone')
    await page.unroute('**/v1/candidates')
    await page.route('**/v1/candidates/sound', (route) => route.abort())
    await speak(page, 'Hello.')
    t.ok(await page.isVisible('#problem'))
    await page.unroute('**/v1/candidates/sound')
    await speak(page, 'Hello.')
    t.notOk(await page.isVisible('#problem'))
    t.ok(await page.isVisible('#whole'))
  })

  await t.test('a draw is stopped', async (t) => {
    const page = await openPage(t, browser, server)
    await page.waitForSelector('#speak:enabled')
    await page.fill('#text', 'The green bird sings in the garden. '.repeat(2))
    await page.locator('#candidates').evaluate((input) => {
      input.value = input.max
    })
    await page.click('#speak')
    await page.click('#stop')
    await page.waitForFunction(() => document.querySelector('#status').textContent === 'Stopped.')
    t.ok(await page.isEnabled('#speak'))
  })

  await t.test('by the keyboard alone', async (t) => {
    const page = await openPage(t, browser, server)
    await page.waitForSelector('#speak:enabled')
    await page.locator('#seed').evaluate((input) => {
      input.closest('details').open = true
    })
    await page.focus('#seed')
    await page.keyboard.type('5')
    await page.keyboard.press('Tab')
    t.equal(await page.evaluate(() => document.activeElement.id), 'speak')
    await page.keyboard.press('Enter')
    await page.waitForSelector('.candidate.chosen')
    await page.focus('[aria-label="Play candidate 1"]')
    await page.keyboard.press('Space')
    await page.waitForSelector('.candidate.playing')
    t.pass('heard')
  })

  await t.test('a narrow phone, in the dark', async (t) => {
    const page = await openPage(t, browser, server, {
      viewport: { width: 320, height: 640 },
      colorScheme: 'dark',
    })
    await speak(page, 'Good morning.')
    const width = await page.evaluate(() => document.scrollingElement.scrollWidth)
    t.ok(width <= 320, `${width} pixels wide`)
    t.same(await accessibilityFaults(page), [])
  })

  await t.test('a key is asked for once', async (t) => {
    const locked = await startServer(t, 'demo', '--threads', '1', '--api-key', 'secret')
    const page = await openPage(t, browser, locked)
    await page.waitForSelector('#ask[open]')
    t.same(await accessibilityFaults(page), [])
    await page.fill('#key-text', 'wrong')
    await page.click('#ask button')
    await page.waitForSelector('#ask[open]')
    await page.fill('#key-text', 'secret')
    await page.click('#ask button')
    await page.waitForSelector('#voice option', { state: 'attached' })
    await page.reload()
    await page.waitForSelector('#voice option', { state: 'attached' })
    t.notOk(await page.isVisible('#ask'))
  })
})
