/** Rules that rewrite a text one after another. */

export interface Rule {
  /** Global. It must take time linear in the length of the text: no nested or adjoining unbounded repeats. */
  readonly pattern: RegExp
  /** What a match becomes, from the match and its groups. The match itself leaves the text unchanged. */
  readonly say: (match: string, ...groups: string[]) => string
  /** The rule removes what cannot be spoken: its matches are reported as dropped, not as changed. */
  readonly drops?: boolean
}

export function rule(pattern: RegExp, say: string | Rule['say']): Rule {
  return { pattern, say: typeof say === 'string' ? () => say : say }
}

export function dropRule(pattern: RegExp, say: string | Rule['say']): Rule {
  return { ...rule(pattern, say), drops: true }
}

/** Applies rules to a plain string. */
export function applyRules(text: string, rules: readonly Rule[]): string {
  return rules.reduce((result, { pattern, say }) => result.replace(pattern, say), text)
}
