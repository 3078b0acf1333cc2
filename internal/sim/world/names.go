package world

// Surname is the family name of a rank: the first is the most frequent. No list of real people's names is used: it is put
// together from syllables, some with the letters that make systems stumble.
func Surname(rank int) string {
	heads := [...]string{"Ald", "Ber", "Cor", "Dun", "Eld", "Far", "Gar", "Hal", "Ing", "Jor", "Kel", "Lor", "Mar", "Nor", "Oss", "Pel", "Quin", "Ros", "Sel", "Tor", "Ull", "Ver", "Wil", "Yor", "Zan", "Bjö", "Mül", "Ża"}
	middles := [...]string{"a", "e", "i", "o", "u", "an", "en", "in", "on", "un", "ar", "er", "ir", "or", "al", "el", "il", "ol", "am", "em", "as", "es", "is", "os", "and", "eld", "ing"}
	tails := [...]string{"son", "berg", "dale", "field", "ford", "gate", "ham", "hurst", "ley", "lund", "man", "mere", "mond", "ridge", "sen", "shaw", "stad", "stein", "stone", "strom", "ton", "vale", "ward", "wick", "wood", "worth", "ský"}
	// Frequent names differ in their beginning.
	return heads[rank%len(heads)] + middles[rank/len(heads)%len(middles)] + tails[(rank/len(heads)/len(middles)+rank)%len(tails)]
}

func given(sex string, h uint64) string {
	women := [...]string{"Ada", "Agnes", "Alma", "Amira", "Anna", "Astrid", "Beata", "Brida", "Carla", "Celia", "Chloë", "Clara", "Dina", "Edith", "Elin", "Elsa", "Emma", "Fatma", "Flora", "Greta", "Hanna", "Helga", "Ida", "Ilse", "Ines", "Ingrid", "Irma", "Jana", "Judith", "Karin", "Klara", "Laila", "Lena", "Lidia", "Linnea", "Lotte", "Lucia", "Magda", "Maja", "Marta", "Mina", "Mira", "Nadja", "Nora", "Olga", "Paula", "Petra", "Rosa", "Ruth", "Sara", "Selma", "Signe", "Sofia", "Stella", "Svea", "Tamar", "Thea", "Tilda", "Ulla", "Vera", "Wanda", "Yara", "Zelda", "Zoë"}
	men := [...]string{"Aaron", "Adam", "Albin", "Amir", "Anton", "Arne", "August", "Bela", "Benno", "Boris", "Bruno", "Casper", "Cem", "Daniel", "David", "Dorin", "Edgar", "Emil", "Erik", "Faro", "Felix", "Franz", "Georg", "Gustav", "Hakon", "Hamid", "Hugo", "Igor", "Ivar", "Jakob", "Jan", "Jonas", "Josef", "Jürgen", "Karl", "Kasimir", "Konrad", "Lars", "Leo", "Levi", "Ludvig", "Lukas", "Magnus", "Marek", "Max", "Milan", "Mohan", "Nils", "Noah", "Olaf", "Omar", "Oskar", "Otto", "Pavel", "Per", "Rafael", "René", "Rolf", "Samir", "Sven", "Tariq", "Theo", "Viktor", "Yusuf"}
	if sex == "F" {
		return women[h%uint64(len(women))]
	}
	return men[h%uint64(len(men))]
}

func streetName(n int) string {
	kinds := [...]string{"Street", "Lane", "Road", "Avenue", "Row"}
	return Surname((n*37+11)%surnames) + " " + kinds[n%len(kinds)]
}
