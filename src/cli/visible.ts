/**
 * Text from elsewhere (values, names, ids, a server's words) as it may be shown on a terminal: it must not steer the terminal, or look
 * like lines of ours. Control and format characters are shown as their code, but for the joiners that some scripts need.
 */
export function visible(text: string): string {
  return text.replaceAll(/(?![\u200C\u200D])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, (character) =>
    character === '\n' ? '↵' : `\\u{${character.codePointAt(0)!.toString(16)}}`,
  );
}
