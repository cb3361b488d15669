"""The words for columns, by table: English | Spanish | French | Polish, best first.

Data only; `extract.headings` compares them folded, so case, accents and blanks do not matter here.
"""

_TAX_ID = (
    "tax id|company tax id|company vat number|vat number|vat id|vat no|tax number|taxid|vat|nif|cif|nif/cif|nif cif|"
    "cif/nif|rfc|nip|siren|siret|numero de tva|n tva|tva intracommunautaire|numero fiscal|identificacion fiscal|"
    "id fiscal|customer tax id|client nip|nip nabywcy|nabywca nip|nip klienta|nif cliente|rfc receptor|rfc cliente|"
    "ein|tva client|eu vat"
)
_EMAIL = (
    "billing email|invoice email|customer email|email|contact email|company email|e-mail|email address|emailaddress|"
    "correo|correo electronico|email cliente|courriel|mail|adresse email|e-mail client|adres email|email klienta|"
    "nabywca email"
)
_CURRENCY = (
    "currency|currency code|currencycode|moneda|divisa|devise|monnaie|waluta|ccy|currency iso code|currencyisocode|"
    "amount currency|currency of value|deal currency code|codigo moneda|code devise|kod waluty|invoice currency|iso"
)
_CUSTOMER = (
    "customer name|customer|client name|client|contact name|contactname|contact|account name|account|company name|"
    "company|associated company|organization|organisation|organization name|cliente|nombre cliente|nombre del cliente|"
    "razon social|razon social receptor|receptor|empresa|contacto|cuenta|organizacion|nom du client|nom client|"
    "raison sociale|tiers|entreprise|societe|compte|nabywca|klient|kontrahent|nazwa klienta|nazwa kontrahenta|"
    "nabywca nazwa|odbiorca|firma|nazwa firmy|organizacja|bill to|billed to|buyer|deudor|debiteur|name"
)
_CREATED = (
    "created at|created|create date|created date|createdate|date created|created on|creation date|add time|engage date|"
    "fecha de creacion|fecha creacion|creado|date de creation|cree le|data utworzenia|utworzono|created (utc)"
)
_UPDATED = (
    "updated at|updated|last modified date|last modified|lastmodifieddate|update time|updated date utc|modified|"
    "last activity date|fecha de modificacion|ultima modificacion|actualizado|date de modification|modifie le|"
    "data modyfikacji|zmodyfikowano|hs_lastmodifieddate"
)
_OWNER = (
    "owner|deal owner|opportunity owner|owner id|ownerid|hubspot owner id|owner name|sales agent|salesperson|"
    "sales rep|sales representative|account executive|vendedor|comercial|propietario|propietario del negocio|agente|"
    "commercial|vendeur|proprietaire|responsable|handlowiec|opiekun|wlasciciel|sprzedawca|opiekun klienta"
)
_CUSTOMER_ID = (
    "customer id|client id|contact id|account id|accountid|company id|associated company ids|organization id|org id|"
    "primary associated company id|id cliente|id contacto|codigo cliente|cod cliente|id client|code client|"
    "reference client|id klienta|kod klienta|client_id|company_id|customerid|contactid"
)
_REFERENCE = (
    "reference|order number|order no|order|project number|project no|po number|purchase order|ref|your reference|"
    "pedido|n pedido|numero de pedido|referencia|numero de proyecto|proyecto|orden de compra|numero de commande|"
    "n commande|bon de commande|commande|numer zamowienia|zamowienie|nr zamowienia|numer projektu"
)
_SKU = (
    "sku|item code|itemcode|product code|code|codigo|referencia|ref|reference|kod|kod produktu|symbol|reference produit"
)
_UNIT_PRICE = (
    "unit price|unitprice|unit amount|unitamount|price|sales price|list price|rate|precio|precio unitario|"
    "valor unitario|prix|prix unitaire|prix unitaire ht|pu ht|cena|cena jednostkowa|cena netto|cena jednostkowa netto"
)
_TAX_RATE = "tax rate|vat rate|tax %|vat %|iva %|% iva|tipo iva|tasa iva|taux de tva|taux tva|stawka vat|vat stawka"

WORDS: dict[str, dict[str, str]] = {
    "deals": {
        "id": "deal id|opportunity id|opportunityid|record id|hs_object_id|id|id oportunidad|id del negocio|id negocio|"
        "id de la transaction|id transaction|id opportunite|id szansy|id transakcji|record id - deal",
        "title": "deal name|dealname|opportunity name|deal title|title|deal|opportunity|name|nombre del negocio|"
        "negocio|nombre de la oportunidad|oportunidad|titulo|nombre|proyecto|nom de la transaction|"
        "nom de l'opportunite|opportunite|affaire|intitule|nom|projet|nazwa szansy|szansa sprzedazy|szansa|"
        "nazwa transakcji|tytul|nazwa|projekt|project",
        "customer_id": _CUSTOMER_ID,
        "contact_id": "associated contact ids|primary associated contact id|person id|contactid",
        "customer_name": _CUSTOMER.removesuffix("|name"),
        "customer_tax_id": _TAX_ID,
        "customer_email": _EMAIL,
        "owner_id": _OWNER,
        "pipeline": "pipeline|embudo|canalizacion|tunnel|lejek",
        "stage": "deal stage|dealstage|stage name|stagename|sales stage|stage|etapa del negocio|etapa|fase|"
        "phase de la transaction|etape|phase|etap|faza|etap szansy",
        "status": "deal status|status|estado|estado del negocio|situacion|statut|etat|status szansy|stan|outcome|"
        "result|resultado|resultat|wynik",
        "amount": "deal value|deal amount|amount|value|close value|opportunity amount|total value|contract value|"
        "importe|valor del negocio|valor|monto|importe total|cantidad|montant|montant de la transaction|valeur|kwota|"
        "wartosc|wartosc szansy|kwota transakcji|total|price|precio|prix|cena",
        "amount_net": "net amount|amount excl tax|amount excluding tax|importe neto|base imponible|importe sin iva|"
        "montant ht|total ht|wartosc netto|kwota netto|netto|neto|net",
        "amount_gross": "gross amount|amount incl tax|importe bruto|importe con iva|montant ttc|total ttc|"
        "wartosc brutto|kwota brutto|brutto|gross",
        "currency": _CURRENCY,
        "won_on": "won date|date won|won on|won time|closed won date|hs_closed_won_date|hs_v2_date_entered_closedwon|"
        "fecha ganado|fecha de ganado|fecha ganada|fecha de venta|fecha cierre ganado|date de gain|date gagnee|"
        "gagnee le|date de signature|data wygranej|data wygrania|data wygrana|wygrano dnia|data sprzedazy",
        "close_on": "close date|closedate|closing date|closed date|closed on|date closed|fecha de cierre|fecha cierre|"
        "fecha del cierre|date de cloture|date de fermeture|date cloture|data zamkniecia|zamknieto",
        "expected_close_on": "expected close date|expected close|expected closing date|estimated close date|"
        "forecast date|fecha de cierre prevista|fecha prevista de cierre|cierre previsto|fecha de cierre esperada|"
        "date de cloture prevue|date de cloture estimee|cloture prevue|przewidywana data zamkniecia|"
        "planowana data zamkniecia|spodziewana data zamkniecia|oczekiwana data zamkniecia",
        "is_won": "is won|iswon|is closed won|hs_is_closed_won|won|ganado|gagne|wygrana",
        "is_closed": "is closed|isclosed|is deal closed?|hs_is_closed|closed|cerrado|cloture|zamknieta",
        "reference": _REFERENCE,
        "billing": "billing|billing type|tipo de facturacion|facturacion|facturation|sposob fakturowania",
        "invoice_number": "invoice number|invoice no|invoice|numero de factura|n factura|factura|numero de facture|"
        "facture|numer faktury|nr faktury|faktura",
        "invoice_status": "invoice status|payment status|estado de la factura|estado factura|statut de la facture|"
        "status faktury",
        "invoiced_amount": "invoiced amount|amount invoiced|importe facturado|montant facture|kwota zafakturowana",
        "invoice_due_on": "invoice due date|due date|vencimiento|echeance|termin platnosci",
        "paid_on": "paid on|payment date|paid date|fecha de pago|date de paiement|data platnosci",
        "payment_terms_days": "payment terms|payment terms days|plazo de pago|delai de paiement|termin platnosci dni",
        "product": "product|product name|products|line item|producto|productos|produit|produits|produkt|produkty|"
        "servicio|service|usluga",
        "url": "url|link|enlace|lien",
        "created_at": _CREATED,
        "updated_at": _UPDATED,
    },
    "quotes": {
        "id": "quote id|id|presupuesto id|id devis|id oferty",
        "number": "quote number|quote no|quotation number|estimate number|estimate no|numero de presupuesto|"
        "n presupuesto|presupuesto|numero de devis|n devis|devis|numer oferty|nr oferty|oferta",
        "title": "title|quote name|titulo|titre|tytul|objet",
        "deal_id": "deal id|opportunity id|id del negocio|id szansy",
        "customer_id": _CUSTOMER_ID,
        "status": "quote status|status|estado|statut|stan",
        "valid_until_on": "valid until|expiry date|expiration date|expires|valido hasta|fecha de validez|validez|"
        "date de validite|valable jusqu'au|wazna do|data waznosci|termin waznosci",
        "accepted_on": "accepted on|acceptance date|fecha de aceptacion|date d'acceptation|data akceptacji",
        "net": "subtotal|net|net amount|base imponible|total ht|montant ht|wartosc netto|netto",
        "tax": "tax|vat|iva|tva|kwota vat|impuestos|total tax",
        "gross": "total|gross|amount|importe|importe total|total ttc|montant ttc|wartosc brutto|brutto|kwota",
        "currency": _CURRENCY,
        "updated_at": _UPDATED,
    },
    "invoices": {
        "id": "invoice id|invoiceid|id|record id|id factura|id de factura|uuid|id facture|id faktury|document id|"
        "folio fiscal",
        "number": "invoice number|invoice no|invoice no.|invoice #|invoicenumber|number|num|no|no.|doc number|"
        "document number|numero de factura|num factura|n factura|no de factura|numero factura|factura|"
        "num. documento|num documento|numero|n|folio|numero de facture|n de facture|n facture|no de facture|"
        "numero facture|facture|numer faktury|nr faktury|numer|nr|faktura|numer dokumentu|nr dokumentu|"
        "numer wlasny|reference number",
        "kind": "invoice type|document type|type|transaction type|tipo|tipo de documento|tipo documento|"
        "tipo de comprobante|tipo de factura|type de document|type de facture|rodzaj|rodzaj dokumentu|typ|"
        "typ dokumentu|typ faktury|kind",
        "customer_id": _CUSTOMER_ID,
        "customer_name": _CUSTOMER,
        "customer_tax_id": _TAX_ID.replace("|vat|", "|"),
        "customer_email": _EMAIL,
        "deal_id": "deal id|opportunity id|id del negocio|id szansy",
        "deal_reference": _REFERENCE + "|customer order number|oid|deal|deal name|project|projet|projekt",
        "corrects_id": "corrected invoice|original invoice|factura rectificada|facture d'origine|faktura korygowana",
        "status": "invoice status|payment status|status|estado|estatus|estado de pago|estado de la factura|situacion|"
        "statut|statut de paiement|etat|stan|status faktury|status platnosci|state",
        "issued_on": "invoice date|invoicedate|issue date|issued on|issued|date issued|finalized at|date of issue|"
        "fecha de factura|fecha factura|fecha de emision|fecha emision|fecha de expedicion|fecha expedicion|"
        "date de facture|date de facturation|date facture|date d'emission|emise le|date emission|"
        "data wystawienia|wystawiono|data faktury|date|fecha|data|created",
        "due_on": "due date|duedate|due on|due|payment due|payment due date|fecha de vencimiento|fecha vencimiento|"
        "vencimiento|vence|date d'echeance|date echeance|echeance|a payer avant|termin platnosci|termin zaplaty|"
        "data platnosci do|termin|platne do",
        "sent_at": "sent at|sent on|date sent|fecha de envio|enviado el|date d'envoi|envoyee le|data wyslania|wyslano",
        "is_sent": "sent|is sent|sent to contact|senttocontact|enviada|enviado|envoye|envoyee|wyslana|wyslano",
        "currency": _CURRENCY,
        "fx_rate": "exchange rate|currency rate|fx rate|tipo de cambio|taux de change|kurs|kurs waluty",
        "net": "subtotal|sub total|net amount|net|net total|total net|amount excl tax|taxable amount|base imponible|"
        "base|importe neto|neto|total ht|montant ht|ht|montant hors taxe|wartosc netto|kwota netto|netto|"
        "suma netto|razem netto|total excluding tax",
        "tax": "tax|total tax|tax total|taxtotal|tax amount|vat|vat amount|iva|importe iva|cuota iva|cuota|impuestos|"
        "total impuestos|tva|montant tva|total tva|kwota vat|podatek|wartosc vat|podatek vat|suma vat",
        "withheld": "withheld|withholding|withholding tax|irpf|retencion|retenciones|retenue|retenue a la source",
        "gross": "total|gross|gross amount|gross total|total amount|invoice total|amount incl tax|invoice amount|"
        "grand total|importe total|total factura|importe bruto|importe|bruto|monto total|monto|total ttc|"
        "montant ttc|ttc|montant total|montant|wartosc brutto|kwota brutto|brutto|suma brutto|razem brutto|"
        "do zaplaty|kwota|amount",
        "paid": "amount paid|paid amount|invoiceamountpaid|total paid|payments received|paid|pagado|importe pagado|"
        "cobrado|importe cobrado|monto pagado|montant paye|montant regle|paye|regle|kwota zaplacona|zaplacono|oplacono|"
        "kwota oplacona|wplacono",
        "amount_due": "amount due|amountdue|invoiceamountdue|open balance|balance due|balance|outstanding|"
        "amount remaining|pendiente|importe pendiente|pendiente de cobro|pendiente de pago|saldo|reste a payer|"
        "solde du|montant restant|restant du|solde|pozostalo do zaplaty|pozostalo|do doplaty|saldo do zaplaty",
        "paid_on": "fully paid on date|paid on|paid date|date paid|payment date|paid at|fecha de pago|fecha pago|"
        "fecha de cobro|fecha cobro|date de paiement|payee le|date de reglement|date paiement|"
        "data platnosci|data zaplaty|oplacono dnia|data oplacenia",
        "series": "series|invoice series|serie|seria",
        "description": "description|memo|memo/description|notes|concept|concepto|descripcion|observaciones|objet|"
        "libelle|opis|uwagi",
        "url": "url|link|enlace|lien|hosted invoice url",
        "pdf_url": "pdf|pdf url|invoice pdf",
        "created_at": _CREATED,
        "updated_at": _UPDATED,
    },
    "payments": {
        "id": "payment id|paymentid|transaction id|transactionid|charge id|id|fitid|id transaccion|id de pago|id pago|"
        "identifiant|id transaction|id platnosci|id transakcji|balance transaction id",
        "paid_on": "value date|valuedate|val date|fecha valor|f. valor|f valor|fecha de valor|date de valeur|"
        "date valeur|dateval|data waluty|data ksiegowania|payment date|paymentdate|date paid|paid on|paid at|"
        "fecha de pago|fecha pago|fecha de cobro|fecha cobro|date de paiement|date paiement|date de reglement|"
        "data platnosci|data wplaty|data zaplaty|available on|completed date|created",
        "booked_on": "booking date|posting date|posted date|transaction date|operation date|date|fecha operacion|"
        "fecha de operacion|f. operacion|fecha contable|fecha|date operation|date d'operation|dateop|"
        "date comptable|data operacji|data transakcji|data",
        "amount": "amount|payment amount|paid amount|amount received|importe|importe del movimiento|monto|cantidad|"
        "montant|montant de l'operation|kwota|kwota operacji|kwota transakcji|wartosc|net|value",
        "credit": "credit|credits|credit amount|money in|paid in|deposit|deposits|haber|abono|abonos|ingreso|ingresos|"
        "credito|credit eur|encaissement|ma|uznania|uznanie|wplyw|wplywy|kwota uznania",
        "debit": "debit|debits|debit amount|money out|paid out|withdrawal|withdrawals|debe|cargo|cargos|gasto|gastos|"
        "debito|debit eur|decaissement|winien|obciazenia|obciazenie|wyplyw|kwota obciazenia",
        "direction": "debit/credit|dr/cr|credit/debit|cd indicator|credit debit indicator|direction|debe/haber|sens|"
        "strona|znak",
        "currency": _CURRENCY,
        "fee": "fee|fees|processing fee|commission|comision|comisiones|gasto bancario|frais|prowizja|oplata",
        "method": "payment method|method|payment type|metodo de pago|forma de pago|mode de paiement|moyen de paiement|"
        "metoda platnosci|forma platnosci|sposob platnosci|card brand",
        "payer_name": "payer name|payer|counterparty name|counterparty|customer name|sender|remitter|received from|"
        "customer|ordenante|remitente|pagador|beneficiario/ordenante|cliente|nombre|emetteur|donneur d'ordre|"
        "contrepartie|payeur|tiers|client|nadawca/odbiorca|nadawca|kontrahent|zleceniodawca|platnik|"
        "nazwa kontrahenta|nazwa nadawcy|payee|name",
        "payer_tax_id": _TAX_ID.replace("|vat|", "|"),
        "payer_iban": "payer iban|counterparty iban|counterparty account|sender account|iban ordenante|"
        "cuenta ordenante|iban contrepartie|compte contrepartie|numer konta|rachunek nadawcy|numer rachunku nadawcy|"
        "numer konta nadawcy|rachunek kontrahenta|konto kontrahenta",
        "account": "account|account number|account iban|iban|cuenta|numero de cuenta|compte|numero de compte|"
        "accountnum|rachunek|numer rachunku|konto|rachunek wlasny",
        "reference": "remittance information|remittance|payment details|description|details|narrative|memo|text|"
        "concepto|descripcion|detalle|movimiento|libelle|label|communication|motif|tytul|tytul operacji|tytulem|"
        "tytul przelewu|opis transakcji|szczegoly transakcji|opis operacji|opis|observaciones|mas datos|note|"
        "reference|referencia|particulars|transaction description",
        "invoice_reference": "invoice number|invoice ref|invoice reference|invoice no|invoice|structured reference|"
        "creditor reference|end to end id|numero de factura|n factura|factura|numero de facture|facture|"
        "numer faktury|faktura|invoice numbers",
        "customer_id": _CUSTOMER_ID.replace("account id|accountid|", ""),
        "invoice_id": "invoice id|id factura|id facture|id faktury",
        "payout_id": "payout id|transfer|payout|automatic payout id",
        "status": "payment status|status|estado|statut|stan|state",
        "balance": "balance|running balance|saldo|saldo po operacji|saldo po transakcji|solde|accountbalance|"
        "saldo disponible|saldo contable",
        "updated_at": _UPDATED,
    },
    "customers": {
        "id": "customer id|contact id|contactid|company id|account id|accountid|client id|record id|organization id|id|"
        "id cliente|codigo cliente|id contacto|id client|code client|id klienta|kod klienta|kod kontrahenta|"
        "customerid",
        "kind": "kind|customer type|type|tipo|tipo de cliente|typ|typ klienta|type de client",
        "name": "name|customer name|customer|contact name|contactname|company name|company|account name|account|"
        "organization name|organization|display name|full name|nombre|nombre comercial|cliente|nombre del cliente|"
        "empresa|contacto|nom|nom du client|client|entreprise|societe|nazwa|klient|kontrahent|nazwa klienta|firma|"
        "nazwa firmy|nazwa kontrahenta|nazwa skrocona",
        "legal_name": "legal name|legalname|registered name|razon social|raison sociale|denomination sociale|"
        "pelna nazwa|nazwa pelna",
        "tax_id": _TAX_ID,
        "email": _EMAIL,
        "phone": "phone|phone number|telephone|mobile|telefono|movil|telephone|tel|portable|telefon|numer telefonu",
        "street": "street|street address|address|address line 1|billing street|billing address|poaddressline1|calle|"
        "direccion|domicilio|adresse|rue|adresse de facturation|ulica|adres|ulica i numer",
        "city": "city|town|billing city|pocity|ciudad|poblacion|municipio|localidad|ville|miasto|miejscowosc",
        "region": "region|state|province|billing state|state/region|poregion|provincia|estado provincia|departement|"
        "wojewodztwo",
        "postcode": "postcode|postal code|zip|zip code|billing zip|popostalcode|codigo postal|cp|code postal|"
        "kod pocztowy",
        "country": "country|country/region|billing country|pocountry|country code|pais|pays|kraj|office location",
        "language": "language|preferred language|idioma|langue|jezyk",
        "payment_terms_days": "payment terms|payment terms days|net days|plazo de pago|dias de pago|delai de paiement|"
        "termin platnosci|termin platnosci dni",
        "iban": "iban|bank account|bankaccountnumber|cuenta bancaria|numero de cuenta|compte bancaire|rib|"
        "numer konta|konto bankowe|numer rachunku",
        "parent_id": "parent|parent company|parent account|parent company id|parentid|subsidiary of|matriz|"
        "empresa matriz|societe mere|maison mere|spolka matka|firma nadrzedna",
        "owner_id": _OWNER,
        "url": "url|link|enlace|lien",
        "created_at": _CREATED,
        "updated_at": _UPDATED,
    },
    "products": {
        "id": "product id|productid|item id|id|id producto|id produit|id produktu",
        "sku": _SKU,
        "name": "product name|product|item name|item|name|producto|articulo|nombre|nombre del producto|produit|article|"
        "nom|designation|produkt|towar|nazwa|nazwa produktu|usluga|servicio|service",
        "unit_price": _UNIT_PRICE,
        "currency": _CURRENCY,
        "tax_rate": _TAX_RATE + "|iva|tva",
        "stock": "stock|quantity on hand|qty on hand|on hand|in stock|stock quantity|available stock|inventory|"
        "existencias|stock disponible|unidades en stock|en stock|quantite en stock|stan|stan magazynowy|ilosc",
        "is_active": "active|is active|activo|actif|aktywny",
        "updated_at": _UPDATED,
    },
    "owners": {
        "id": "owner id|user id|id|id usuario|id utilisateur|id uzytkownika",
        "name": "owner name|sales agent|salesperson|sales rep|user name|user|full name|name|vendedor|comercial|"
        "propietario|nombre|commercial|vendeur|nom|handlowiec|opiekun|imie i nazwisko|nazwa",
        "email": "email|e-mail|correo|courriel|adres email",
        "is_active": "active|is active|activo|actif|aktywny",
    },
    "lines": {
        "id": "line item id|line id|lineitemid|id|id linea|id ligne|id pozycji",
        "document": "document|document kind",
        "document_id": "invoice id|invoiceid|document id|deal id|invoice number|invoice no|invoicenumber|id factura|"
        "numero de factura|n factura|factura|id facture|numero de facture|facture|id faktury|"
        "numer faktury|nr faktury|faktura",
        "position": "position|line|line number|line no|posicion|linea|ligne|pozycja|lp",
        "sku": _SKU,
        "product_id": "product id|item id|id producto|id produit|id produktu",
        "description": "description|item|product|product/service|line item|item name|product name|descripcion|concepto|"
        "producto|articulo|designation|libelle|produit|nazwa|opis|towar|towar lub usluga|nazwa towaru|"
        "usluga",
        "quantity": "quantity|qty|units|cantidad|uds|unidades|quantite|qte|ilosc|liczba",
        "unit_price": _UNIT_PRICE,
        "discount_rate": "discount rate|discount %|discount|descuento|descuento %|dto|% dto|remise|remise %|rabat|"
        "rabat %",
        "tax_rate": _TAX_RATE,
        "net": "line amount|lineamount|line total|net amount|net|amount|importe|subtotal|base|montant ht|total ht|"
        "total ligne ht|wartosc netto|netto|wartosc",
        "currency": _CURRENCY,
    },
}

# Words that an export puts before its headings ("Deal - Title", "Invoice Date"): tried without them.
PREFIXES: dict[str, tuple[str, ...]] = {
    "deals": ("deal", "opportunity", "negocio", "oportunidad", "transaction", "opportunite", "szansa"),
    "quotes": ("quote", "estimate", "presupuesto", "devis", "oferta"),
    "invoices": ("invoice", "factura", "facture", "faktura", "document"),
    "payments": ("payment", "transaction", "pago", "cobro", "paiement", "platnosc"),
    "customers": ("customer", "contact", "company", "organization", "cliente", "client", "klient", "nabywca"),
    "products": ("product", "item", "producto", "produit", "produkt"),
    "owners": ("owner", "user"),
    "lines": ("line", "lineitem", "linea", "ligne", "pozycja"),
}
