/** A program without the types of Node or of a browser. */
import { Clvp, ClvpError, type GenerateResult, Tensor, type Voice } from 'node-clvp'

export async function speak(): Promise<GenerateResult> {
  await using clvp: Clvp = await Clvp.load(Clvp.demo)
  const voice: Voice = await clvp.voice([Clvp.demoVoice])
  for await (const event of clvp.stream('Hello.', { voice })) if (event.type === 'done') return event.result
  throw new ClvpError('CLVP_ABORTED', 'no result')
}

export const tensor: Tensor<Int32Array> = new Tensor(new Int32Array(2), [2])
