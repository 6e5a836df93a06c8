/** What invented products are made of. Their categories have the numbers of the vendor's own examples, and some more. */

/** The vendor names these; another language is answered in English. */
export type Language = 'en' | 'fr' | 'de';

export interface Offer {
  readonly titles: Readonly<Record<Language, string>>;
  readonly category: number;
  /** With tax. */
  readonly cents: number;
  readonly hours: number;
}

export const categories: ReadonlyMap<number, string> = new Map([
  [302, 'Sailing'],
  [303, 'Kayak'],
  [304, 'Bodyboard'],
  [305, 'Windsurfing'],
]);

const offer = (en: string, fr: string, de: string, category: number, cents: number, hours: number): Offer => ({
  titles: { en, fr, de },
  category,
  cents,
  hours,
});

export const offers: readonly Offer[] = [
  offer('Sailing, 3 days', 'Voile 3 jours', 'Segeln, 3 Tage', 302, 1_300, 3),
  offer('Bodyboard', 'Bodyboard', 'Bodyboard', 304, 5_125, 2),
  offer('Kayak at sunset', 'Kayak au coucher du soleil', 'Kajak bei Sonnenuntergang', 303, 3_490, 2),
  offer('Windsurfing for beginners', 'Planche à voile débutant', 'Windsurfen für Anfänger', 305, 4_200, 2),
  offer('Optimist, children', 'Optimist enfants', 'Optimist, Kinder', 302, 2_750, 3),
  offer('Catamaran', 'Catamaran', 'Katamaran', 302, 6_000, 3),
  offer('Sea kayak, one day', 'Kayak de mer journée', 'Seekajak, ein Tag', 303, 7_990, 7),
];

export const meetingPoints: Readonly<Record<Language, string>> = {
  en: 'on the quay',
  fr: 'sur le quai',
  de: 'am Kai',
};

export const levels: Readonly<Record<Language, { readonly label: string; readonly beginner: string }>> = {
  en: { label: 'Level', beginner: 'Beginner' },
  fr: { label: 'Niveau', beginner: 'Débutant' },
  de: { label: 'Stufe', beginner: 'Anfänger' },
};

export const options: Readonly<Record<Language, string>> = { en: 'Wetsuit', fr: 'Combinaison', de: 'Neoprenanzug' };
