// A voice of clips holds the diffusion model's vector that tortoise-tts makes of them.
import t from 'tap'
import { matchSpeech } from '../helpers/speech_models.js'

await matchSpeech(t, 'voices')
