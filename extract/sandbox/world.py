"""The places, names and goods from which the sandbox company's customers and deals are made: all fictitious."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Country:
    """A country we sell in: `tax` in percent, `share` of the customers, `phone` prefix with its number of digits."""

    code: str
    name: str
    currency: str
    tax: int
    tax_name: str
    language: str
    share: int
    phone: str
    digits: int
    cities: tuple[tuple[str, str, str], ...]  # city, region, postcode
    streets: tuple[str, ...]
    activities: tuple[str, ...]
    names: tuple[str, ...]
    forms: tuple[str, ...]
    first_names: tuple[str, ...]
    last_names: tuple[str, ...]


SPAIN = Country(
    "ES", "Spain", "EUR", 21, "IVA", "es", 40, "+34 9", 8,
    (
        ("Madrid", "Madrid", "28013"), ("Barcelona", "Barcelona", "08007"), ("Valencia", "Valencia", "46002"),
        ("Sevilla", "Sevilla", "41004"), ("A Coruña", "A Coruña", "15003"), ("Logroño", "La Rioja", "26001"),
        ("Málaga", "Málaga", "29015"), ("Castelló", "Castellón", "12001"), ("Donostia", "Gipuzkoa", "20004"),
        ("Cáceres", "Cáceres", "10003"),
    ),
    ("Calle Mayor", "Avenida de la Constitución", "Calle del Pez", "Plaza de España", "Carrer de Balmes", "Rúa Nova",
     "Paseo de la Estación", "Polígono Industrial Las Eras, nave"),
    ("Ferretería", "Construcciones", "Clínica Dental", "Bodegas", "Talleres", "Muebles", "Transportes", "Panadería",
     "Instalaciones", "Academia", "Gestoría", "Viveros"),
    ("Peñalver", "Ibáñez", "Aránzazu", "Valdeolmos", "Muñoz Cañada", "Echevarría", "Güell", "Nájera", "Llobregat",
     "Castaño", "Jiménez Ávila", "Ordóñez", "Zubiaurre", "Santa Eulalia", "Bermúdez", "Roldán", "Montañés", "Agüero"),
    ("S.L.", "S.L.", "S.L.", "S.A.", "S.L.U.", "S.L.P.", "S. Coop."),
    ("Lucía", "Íñigo", "Begoña", "Andrés", "María José", "Raúl", "Núria", "Óscar", "Inés", "Joaquín"),
    ("Ferrer", "Núñez", "Gálvez", "Ortiz", "Peña", "Sáez", "Domènech", "Villar", "Cortés", "Olmedo"),
)  # fmt: skip

FRANCE = Country(
    "FR", "France", "EUR", 20, "TVA", "fr", 14, "+33 ", 9,
    (
        ("Lyon", "Rhône", "69002"), ("Nîmes", "Gard", "30000"), ("Orléans", "Loiret", "45000"),
        ("Besançon", "Doubs", "25000"), ("Paris", "Paris", "75011"), ("Saint-Étienne", "Loire", "42000"),
    ),
    ("rue de la République", "avenue Jean-Jaurès", "rue des Frères-Lumière", "place de l'Église", "chemin du Moulin"),
    ("Menuiserie", "Établissements", "Boulangerie", "Imprimerie", "Garage", "Électricité", "Pépinières", "Charpentes"),
    ("Lefèvre", "Garçonnet", "de l'Étoile", "Béranger", "Châtelain", "Delaunoy", "Fontaine-Bréhal", "Guérinière",
     "Hôtelier", "Maïssa", "Pélissier", "Thévenot"),
    ("SARL", "SAS", "SASU", "EURL", "SA"),
    ("Amélie", "Benoît", "Chloé", "Émile", "François", "Hélène", "Léa", "Mathéo"),
    ("Lefort", "Bréchet", "Marceau", "Noël", "Périgord", "Rouvière", "Séguin", "Vallée"),
)  # fmt: skip

POLAND = Country(
    "PL", "Poland", "PLN", 23, "VAT", "pl", 14, "+48 ", 9,
    (
        ("Kraków", "małopolskie", "31-005"), ("Łódź", "łódzkie", "90-001"), ("Wrocław", "dolnośląskie", "50-106"),
        ("Gdańsk", "pomorskie", "80-831"), ("Rzeszów", "podkarpackie", "35-064"), ("Toruń", "kujawsko-pomorskie",
            "87-100"),
    ),
    ("ul. Długa", "ul. Świętego Wawrzyńca", "al. Niepodległości", "ul. Źródlana", "ul. Kościuszki"),
    ("Zakład Stolarski", "Hurtownia", "Piekarnia", "Przedsiębiorstwo Handlowe", "Biuro Rachunkowe", "Spedycja",
     "Gospodarstwo", "Drukarnia"),
    ("Wójcik", "Łęczyca", "Żurawie", "Szczepańska", "Dąbrowa", "Brzęczek", "Mąka", "Kołodziej", "Śnieżka", "Jaźwiec",
     "Gąsior", "Ćwikła"),
    ("sp. z o.o.", "sp. z o.o.", "S.A.", "sp.k.", "sp.j."),
    ("Małgorzata", "Paweł", "Agnieszka", "Łukasz", "Zofia", "Grzegorz", "Róża", "Michał"),
    ("Kowalczyk", "Zieliński", "Wrońska", "Mączka", "Pająk", "Gołąb", "Sęk", "Jagiełło"),
)  # fmt: skip

MEXICO = Country(
    "MX", "Mexico", "MXN", 16, "IVA", "es", 10, "+52 55", 8,
    (
        ("Ciudad de México", "CDMX", "06600"), ("Guadalajara", "Jalisco", "44100"), ("Mérida", "Yucatán", "97000"),
        ("Querétaro", "Querétaro", "76000"), ("León", "Guanajuato", "37000"),
    ),
    ("Av. Insurgentes Sur", "Calle 60", "Blvd. Adolfo López", "Calzada Tepeyac", "Av. Hidalgo"),
    ("Comercializadora", "Grupo", "Distribuidora", "Servicios Integrales", "Refacciones", "Abarrotes"),
    ("Tepeyac", "Ñandú", "Xochitl", "del Bajío", "Coyoacán", "Popocatépetl", "Cuauhtémoc", "La Huasteca",
     "Águila Real"),
    ("S.A. de C.V.", "S.A. de C.V.", "S. de R.L. de C.V.", "S.A.P.I. de C.V."),
    ("Guadalupe", "Ángel", "Ximena", "Héctor", "Sofía", "Ramón"),
    ("Hernández", "Zúñiga", "Peralta", "Ibarra", "Cárdenas", "Quiñones"),
)  # fmt: skip

GERMANY = Country(
    "DE", "Germany", "EUR", 19, "MwSt", "en", 10, "+49 ", 10,
    (
        ("München", "Bayern", "80331"), ("Köln", "Nordrhein-Westfalen", "50667"), ("Lübeck", "Schleswig-Holstein",
            "23552"),
        ("Nürnberg", "Bayern", "90402"), ("Gießen", "Hessen", "35390"),
    ),
    ("Hauptstraße", "Königsallee", "Am Mühlbach", "Schloßgasse", "Bürgermeister-Smidt-Straße"),
    ("Möbelhaus", "Bäckerei", "Maschinenbau", "Gartenbau", "Elektrotechnik", "Spedition", "Tischlerei"),
    ("Grünwald", "Schröder & Söhne", "Überlingen", "Weiß", "Jäger", "Kößler", "Brückner", "Höllriegl", "Thüringer Hof"),
    ("GmbH", "GmbH", "GmbH & Co. KG", "AG", "KG"),
    ("Jürgen", "Anneliese", "Björn", "Käthe", "Sören", "Ulrike"),
    ("Müller-Lüdenscheid", "Bäumler", "Groß", "Kühn", "Schäfer", "Vögele"),
)  # fmt: skip

BRITAIN = Country(
    "GB", "United Kingdom", "GBP", 20, "VAT", "en", 7, "+44 ", 10,
    (
        ("Leeds", "West Yorkshire", "LS1 4DY"), ("Bristol", "Bristol", "BS1 5TR"), ("Glasgow", "Lanarkshire", "G1 3SL"),
        ("Penzance", "Cornwall", "TR18 4HU"),
    ),
    ("High Street", "Station Road", "Mill Lane", "Queen's Terrace", "St John's Hill"),
    ("Hartley", "Penrose", "O'Rourke", "Llewellyn", "Ashworth", "Fenwick", "MacAuley"),
    ("Joinery", "& Sons", "Marine Services", "Catering", "Plant Hire", "Bookbinders", "Dairy"),
    ("Ltd", "Limited", "LLP", "plc"),
    ("Siobhán", "Oliver", "Grace", "Rhys", "Zoë", "Callum"),
    ("Whitcombe", "Oakley", "Tremaine", "Duffy", "Barlow", "Sinclair"),
)  # fmt: skip

STATES = Country(
    "US", "United States", "USD", 0, "", "en", 7, "+1 ", 10,
    (
        ("Portland", "OR", "97204"), ("Austin", "TX", "78701"), ("Albany", "NY", "12207"), ("Duluth", "MN", "55802"),
    ),
    ("Main Street", "Cedar Avenue", "Lakeshore Drive", "5th Avenue", "Mill Creek Road"),
    ("Blue Heron", "Cedar Ridge", "Lone Pine", "Three Rivers", "Copper Kettle", "Prairie Dog", "Old Harbor"),
    ("Supply", "Dental", "Outfitters", "Logistics", "Foods", "Design", "Roofing"),
    ("Inc.", "LLC", "Corp.", "Co."),
    ("Avery", "José", "Madison", "Tyler", "Renée", "Walt"),
    ("Kowalski", "Bennett", "Castañeda", "Okafor", "Lindqvist", "Hale"),
)  # fmt: skip

COUNTRIES = (SPAIN, FRANCE, POLAND, MEXICO, GERMANY, BRITAIN, STATES)

# Our own price list is in euro; other currencies are priced by these round factors (not exchange rates of a day).
PRICE_FACTOR = {"EUR": 100, "PLN": 430, "MXN": 2000, "USD": 110, "GBP": 85}
CURRENCIES = tuple(PRICE_FACTOR)

# sku, name, unit price in euro, the shape it is sold in
PRODUCTS: tuple[tuple[str, str, int, str], ...] = (
    ("WEB-10", "Corporate website", 3200, "project"), ("WEB-20", "Online shop", 5800, "project"),
    ("WEB-30", "Landing page", 740, "project"), ("WEB-40", "Accessibility review", 1150, "project"),
    ("WEB-50", "Website redesign", 4100, "project"), ("WEB-60", "Multilingual content", 980, "project"),
    ("APP-10", "Mobile app prototype", 4900, "project"), ("APP-20", "Customer portal", 7600, "project"),
    ("APP-30", "Booking module", 2300, "project"), ("APP-40", "Warehouse scanner app", 6400, "project"),
    ("ERP-10", "ERP set-up", 8900, "project"), ("ERP-20", "ERP data migration", 3400, "project"),
    ("ERP-30", "ERP user training", 620, "hours"), ("ERP-40", "Payroll connector", 1450, "project"),
    ("CRM-10", "CRM set-up", 2750, "project"), ("CRM-20", "CRM automation", 1890, "project"),
    ("CRM-30", "CRM data cleaning", 1240, "project"), ("CON-10", "Consulting day", 680, "hours"),
    ("CON-20", "Process audit", 2150, "project"), ("CON-30", "Interim project lead, week", 2900, "hours"),
    ("SUP-10", "Support hours", 75, "hours"), ("SUP-20", "Urgent support hours", 120, "hours"),
    ("SUP-30", "Support plan, year", 1680, "contract"), ("SUP-40", "Premium support plan, year", 4320, "contract"),
    ("HOS-10", "Managed hosting, year", 960, "contract"), ("HOS-20", "Dedicated server, year", 3480, "contract"),
    ("HOS-30", "Backup service, year", 540, "contract"), ("HOS-40", "Domain and mail, year", 150, "contract"),
    ("LIC-10", "Licence Basic, seat", 180, "seats"), ("LIC-20", "Licence Plus, seat", 290, "seats"),
    ("LIC-30", "Licence Pro, seat", 460, "seats"), ("SEC-10", "Penetration test", 5200, "project"),
    ("SEC-20", "Security training", 890, "hours"), ("SEC-30", "Firewall installation", 1760, "project"),
    ("NET-10", "Network cabling, point", 95, "seats"), ("NET-20", "Wireless survey", 1320, "project"),
    ("NET-30", "Switch 48 ports", 1150, "seats"), ("HW-10", "Laptop, configured", 1190, "seats"),
    ("HW-20", "Label printer", 430, "seats"), ("HW-30", "Point-of-sale terminal", 1540, "seats"),
)  # fmt: skip

OWNERS: tuple[tuple[str, str, bool], ...] = (
    ("Carmen", "Iglesias", True), ("Tomás", "Arrieta", True), ("Claire", "Dubreuil", True), ("Marek", "Nowicki", True),
    ("Paola", "Treviño", True), ("Jonas", "Kessler", True), ("Hannah", "Whitby", True), ("Rubén", "Cifuentes", False),
)  # fmt: skip

SELLER = {"name": "Faro Norte Sistemas, S.L.", "tax_id": "B83591170", "email": "facturas@faronorte.example",
          "street": "Calle del Faro 12", "postcode": "15001", "city": "A Coruña", "country": "ES"}  # fmt: skip
