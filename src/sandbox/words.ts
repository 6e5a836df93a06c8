/** What invented French-speaking people are made of: common names, and places with their real postal codes. */

export const firstNames = (
  'Adèle Agathe Aïcha Alain Alexandre Alice Aline Amélie Anaïs André Anne Anne-Sophie Antoine Arnaud Aurélie Baptiste Béatrice Benoît ' +
  'Bérénice Camille Caroline Catherine Cécile Céline Chantal Charlotte Chloé Christelle Christian Claire Clément Clémence Corentin ' +
  'Cyril Damien Danielle Delphine Denis Didier Dominique Édith Édouard Élise Élodie Emma Émile Estelle Étienne Eugénie Ève Fabien ' +
  'Fatima Florence Florian Françoise François Frédéric Gaëlle Gaétan Geneviève Geoffroy Gérard Ghislaine Guillaume Hélène Hugo ' +
  'Inès Irène Isabelle Jacques Jean Jean-Baptiste Jean-François Jean-Luc Jeanne Jérôme Joëlle Joël Julie Julien Karim Laëtitia ' +
  'Léa Léon Loïc Louis Louise Lucie Lucas Maëlys Manon Marc Marguerite Marie Marie-Claude Marie-Ève Marion Mathéo Mathieu Maude ' +
  'Maxime Mélanie Michèle Mohamed Monique Nadège Nathalie Nicolas Noé Noël Noémie Océane Odile Olivier Pascal Patrice Patrick Paul ' +
  'Pénélope Philippe Pierre Pierre-Yves Rachel Raphaël Réjean Rémi Renée Robert Romain Sabrina Samuel Sandrine Sébastien Séverine ' +
  'Simon Solène Sophie Stéphane Sylvain Théo Thérèse Thierry Thomas Valérie Véronique Victor Vincent Xavier Yann Yasmine Yves Zoé'
).split(' ');

export const lastNames = [
  ...(
    'Aubert Bélanger Benali Bergeron Bernard Bertrand Blanchard Bonnet Bouchard Boucher Boyer Brunet Caron Carpentier Chevalier ' +
    'Claes Clément Côté Cloutier Colin Cousin Da-Silva Declercq Delaunay Delorme Denis Deschamps Desjardins Diallo Dubois Dubuc ' +
    'Dufour Dumas Dumont Dupont Dupuis Durand Fabre Favre Fortin Fournier François Gagné Gagnon Garnier Gauthier Gérard Girard ' +
    'Giroux Godin Grégoire Guérin Hébert Henry Hubert Jacquet Janssens Joly Lachance Lacroix Lambert Lapointe Laurent Lavoie ' +
    'Leblanc Lebrun Leclerc Lefebvre Lefèvre Lemaire Lemoine Lévesque Mahieu Maes Marchand Marie Martel Martin Martinez Masson ' +
    'Mathieu Ménard Mercier Meunier Meyer Michaud Michel Moreau Morel Morin Müller Nadeau Nguyen Noël Ouellet Paquette Paré Paris ' +
    'Pelletier Peeters Perrin Petit Picard Poirier Poulin Prévost Renard Renaud Rey Richard Rivière Robert Robin Rochat Rousseau ' +
    'Roussel Roux Roy Savard Schmitt Simard Simon Thibault Thomas Tremblay Turcotte Vandenberghe Vasseur Vermeulen Vidal Vincent'
  ).split(' '),
  'Le Goff',
  'Le Gall',
  'De Smet',
  'Van Damme',
  "D'Amours",
  'L’Heureux',
  'de La Fontaine',
  'Saint-Pierre',
  'St-Onge',
  'Ben Youssef',
];

export const streets = [
  'rue du Phare',
  'avenue de la République',
  'rue des Érables',
  'chemin des Écoliers',
  'boulevard Gambetta',
  'place de l’Église',
  'rue Neuve',
  'allée des Tilleuls',
  'impasse du Moulin',
  'quai de la Gare',
  'rue Saint-Denis',
  'chaussée de Charleroi',
  'route de Genève',
  'rang du Petit-Bois',
  'rue Élisée-Reclus',
  'montée des Grès',
];

export type PersonCountry = 'FR' | 'BE' | 'CH' | 'CA';

interface Town {
  readonly city: string;
  readonly postalCode: string;
}

const towns = (text: string): Town[] =>
  text.split(';').map((entry) => {
    const [postalCode = '', city = ''] = entry.split('|');
    return { postalCode, city };
  });

export const townsOf: Readonly<Record<PersonCountry, readonly Town[]>> = {
  FR: towns(
    '29200|Brest;35000|Rennes;44000|Nantes;56000|Vannes;75011|Paris;69003|Lyon;13006|Marseille;31000|Toulouse;59000|Lille;67000|Strasbourg;' +
      '01000|Bourg-en-Bresse;06000|Nice;38000|Grenoble;42000|Saint-Étienne;72000|Le Mans;02200|Soissons',
  ),
  BE: towns('1000|Bruxelles;4000|Liège;5000|Namur;6000|Charleroi;7000|Mons;1348|Louvain-la-Neuve;4800|Verviers'),
  CH: towns('1201|Genève;1003|Lausanne;2000|Neuchâtel;1700|Fribourg;1950|Sion;2800|Delémont'),
  CA: towns(
    'H2X 1Y4|Montréal;G1R 4P5|Québec;J1H 4A7|Sherbrooke;G8Z 3R9|Trois-Rivières;J8X 2K1|Gatineau;G7H 5B1|Saguenay',
  ),
};

export const mailDomains = [
  'exemple.fr',
  'courriel.example',
  'poste.example',
  'example.be',
  'example.ch',
  'example.ca',
  'famille.example',
];

export const membershipTypes = [
  'Adhésion annuelle',
  'Adhésion famille',
  'Licence jeune',
  'Membre bienfaiteur',
  'Carte saison',
];

export const groupNames = ['Bureau', 'Bénévoles', 'École de voile', 'Compétition', 'Infolettre'];

export const clientNotes = [
  'Pretty cool client :)',
  'Allergie : arachides.\nPrévenir le moniteur.',
  'Paie en 3 × ; reçu « papier »',
  'Niveau 2 — validé le 12/07',
];

/** Numbers that nobody can dial. */
export const impossiblePhones = ['voir sa mère', '06 12', '0', '00 00 00 00 00 00 00 00', 'liste rouge', '+33 (perdu)'];
