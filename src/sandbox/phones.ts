/** Phone numbers as people write them. */
import { parsePhoneNumberFromString } from 'libphonenumber-js/min';
import type { Random } from './random.js';
import type { PersonCountry } from './words.js';

const callingCode = { FR: '33', BE: '32', CH: '41', CA: '1' } as const satisfies Record<PersonCountry, string>;
const areaCodes = ['514', '418', '819', '450', '438'];

/** The significant digits of a mobile number, without any prefix. */
export function nationalNumber(country: PersonCountry, random: Random): string {
  switch (country) {
    case 'FR':
      return `${random.pick(['61', '62', '66', '67', '76', '78'])}${random.digits(7)}`;
    case 'BE':
      return `4${random.between(70, 99)}${random.digits(6)}`;
    case 'CH':
      return `7${random.between(6, 9)}${random.digits(7)}`;
    case 'CA':
      return `${random.pick(areaCodes)}${random.between(2, 8)}${random.digits(6)}`;
  }
}

/** `+33612345678`. */
export function e164(country: PersonCountry, number: string): string {
  return `+${callingCode[country]}${number}`;
}

/** `061234` as `06 12 34`. */
function pairs(digits: string): string {
  return digits.replace(/(\d{2})(?=\d)/g, '$1 ');
}

/** One of the ways in which the number is written at home, without its country code. */
export function nationalForm(country: PersonCountry, number: string, random: Random): string {
  switch (country) {
    case 'FR': {
      const spaced = pairs(`0${number}`);
      return random.pick([spaced, `0${number}`, spaced.replaceAll(' ', '.'), spaced.replaceAll(' ', '-')]);
    }
    case 'BE':
      return random.pick([
        `0${number.slice(0, 3)} ${pairs(number.slice(3))}`,
        `0${number}`,
        `0${number.slice(0, 3)}/${pairs(number.slice(3)).replaceAll(' ', '.')}`,
      ]);
    case 'CH':
      return random.pick([`0${number.slice(0, 2)} ${number.slice(2, 5)} ${pairs(number.slice(5))}`, `0${number}`]);
    case 'CA':
      return random.pick([
        `(${number.slice(0, 3)}) ${number.slice(3, 6)}-${number.slice(6)}`,
        `${number.slice(0, 3)}-${number.slice(3, 6)}-${number.slice(6)}`,
      ]);
  }
}

/** One of the ways in which the number is written with its country code: each reads the same from anywhere in Europe. */
export function internationalForm(country: PersonCountry, number: string, random: Random): string {
  const code = callingCode[country];
  return random.pick([
    `+${code}${number}`,
    `+${code} ${number}`,
    `+${code} ${number.slice(0, 3)} ${number.slice(3, 6)} ${number.slice(6)}`,
  ]);
}

/** A number in the server's own form, for the fault that rewrites; text that is no number stays as it is. */
export function reformatPhone(text: string, form: 'international' | 'national'): string {
  const parsed = parsePhoneNumberFromString(text, { defaultCountry: 'FR', extract: false });
  if (parsed === undefined || !parsed.isPossible()) return text;
  return form === 'international' ? parsed.formatInternational() : parsed.formatNational();
}
