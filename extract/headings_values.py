"""The words for coded values, by table and column: English | Spanish | French | Polish.

Data only; `extract.headings` compares them folded, so case, accents and blanks do not matter here.
"""

_WON = (
    "won|closed won|closedwon|win|deal won|ganado|ganada|cerrado ganado|cierre ganado|vendido|contrato firmado|gagne|"
    "gagnee|conclu|signe|signee|ferme gagne|fermee gagnee|wygrana|wygrane|wygrany|wygrano|zamknieta wygrana|"
    "zamkniete wygrane|sprzedane"
)
_LOST = (
    "lost|closed lost|closedlost|deal lost|abandoned|deleted|perdido|perdida|cerrado perdido|cierre perdido|perdu|"
    "perdue|ferme perdu|fermee perdue|abandonne|przegrana|przegrane|przegrany|stracona|stracone|utracona|"
    "zamknieta przegrana|zamkniete przegrane|odrzucona"
)
_OPEN = (
    "open|prospecting|prospect|prospection|qualification|qualified|qualified to buy|qualifiedtobuy|engaging|"
    "appointment scheduled|appointmentscheduled|presentation scheduled|presentationscheduled|decision maker bought in|"
    "decisionmakerboughtin|contract sent|contractsent|needs analysis|value proposition|id decision makers|"
    "perception analysis|proposal|proposal price quote|proposal/price quote|proposal made|negotiation|"
    "negotiation/review|negotiations started|demo|demo scheduled|contact made|lead|new|in progress|abierto|abierta|"
    "en curso|nuevo|calificado|propuesta|propuesta enviada|negociacion|prospeccion|ouvert|ouverte|en cours|nouveau|"
    "proposition|proposition envoyee|negociation|qualifie|otwarta|otwarte|otwarty|w toku|w trakcie|nowa|nowy|oferta|"
    "oferta wyslana|negocjacje|kwalifikacja"
)

# Our word -> the words of exports. "bill", "payment" and "drop" send a row elsewhere, see extract.files_map.
CHOICES: dict[tuple[str, str], dict[str, str]] = {
    ("deals", "status"): {"won": _WON, "lost": _LOST, "open": _OPEN},
    ("deals", "billing"): {
        "once": "once|one time|single|unica|unique|jednorazowo",
        "deposit": "deposit|anticipo|senal|acompte|zaliczka|zaliczkowo",
        "stages": "stages|milestones|instalments|hitos|etapas|fases|jalons|etapes|etapy|w etapach",
        "recurring": "recurring|subscription|monthly|recurrente|suscripcion|mensual|recurrent|abonnement|mensuel|"
        "abonament|cyklicznie|miesiecznie",
    },
    ("quotes", "status"): {
        "draft": "draft|borrador|brouillon|szkic|robocza",
        "published": "published|sent|open|pending|enviado|enviada|pendiente|envoye|en attente|wyslana|wyslane|w toku",
        "accepted": "accepted|approved|signed|won|aceptado|aceptada|firmado|accepte|signe|zaakceptowana|przyjeta",
        "rejected": "rejected|declined|refused|rechazado|rechazada|refuse|odrzucona",
        "expired": "expired|caducado|caducada|expire|wygasla|przeterminowana",
    },
    ("invoices", "kind"): {
        "invoice": "invoice|sales invoice|tax invoice|accrec|standard|factura|factura de venta|f1|ingreso|i|facture|"
        "facture de vente|faktura|faktura vat|faktura sprzedazy|vat|sale|f2|factura simplificada|paragon|"
        "accounts receivable|sales receipt|receivable",
        "deposit": "deposit|deposit invoice|prepayment|advance|arprepayment|anticipo|factura de anticipo|acompte|"
        "facture d'acompte|zaliczka|faktura zaliczkowa|zaliczkowa|advance invoice",
        "final": "final|final invoice|factura final|facture de solde|solde|faktura koncowa|koncowa",
        "recurring": "recurring|recurring invoice|recurrente|recurrente|recurrent|cykliczna",
        "proforma": "proforma|pro forma|pro-forma|proforma invoice|factura proforma|facture proforma|faktura proforma",
        "credit_note": "credit note|creditnote|credit memo|accreccredit|aroverpayment|abono|nota de credito|"
        "rectificativa|factura rectificativa|r1|r2|r3|r4|r5|egreso|e|avoir|facture d'avoir|note de credit|korekta|"
        "faktura korygujaca|korygujaca|correction|refund",
        "bill": "bill|accpay|accpaycredit|apoverpayment|apprepayment|purchase invoice|vendor bill|supplier invoice|"
        "factura de compra|compra|gasto|factura recibida|facture d'achat|achat|facture fournisseur|faktura zakupu|"
        "zakup|kosztowa|payable|expense|bill credit|vendor credit",
        "payment": "payment|receive payment|received payment|customer payment|pago|cobro|paiement|encaissement|wplata|"
        "platnosc|bill payment|complemento de pago",
    },
    ("invoices", "status"): {
        "draft": "draft|submitted|awaiting approval|pending approval|borrador|brouillon|a finaliser|szkic|robocza|"
        "niewystawiona|not issued",
        "issued": "issued|authorised|authorized|awaiting payment|approved|open|unpaid|outstanding|overdue|past due|"
        "late|finalized|not paid|due|emitida|vigente|vigentes|pendiente|pendiente de cobro|pendiente de pago|impagada|"
        "vencida|aprobada|no pagada|sin pagar|timbrada|activa|active|emise|validee|finalisee|a payer|a encaisser|"
        "impayee|en retard|en attente|non payee|non reglee|wystawiona|nieoplacona|niezaplacona|do zaplaty|"
        "przeterminowana|po terminie|oczekuje|nierozliczona|zatwierdzona|upcoming",
        "sent": "sent|delivered|viewed|emailed|enviada|enviado|entregada|vista|envoyee|transmise|consultee|vue|wyslana|"
        "dostarczona|wyswietlona|wyslano|deposited pending",
        "partly_paid": "partly paid|partially paid|partial|part paid|parcialmente pagada|parcialmente cobrada|parcial|"
        "pago parcial|partiellement payee|partiellement reglee|paiement partiel|czesciowo oplacona|"
        "oplacona czesciowo|czesciowo zaplacona|zaplacona czesciowo|czesciowo",
        "paid": "paid|fully paid|settled|closed|deposited|complete|completed|pagada|pagado|cobrada|cobrado|liquidada|"
        "saldada|payee|paye|reglee|regle|encaissee|soldee|acquittee|oplacona|oplacone|oplacono|zaplacona|"
        "zaplacono|rozliczona|uregulowana|tak",
        "void": "void|voided|deleted|cancelled|canceled|annulled|reversed|anulada|anulado|cancelada|cancelado|"
        "eliminada|annulee|annule|supprimee|anulowana|anulowano|usunieta|uniewazniona",
        "uncollectible": "uncollectible|written off|bad debt|write off|incobrable|irrecuperable|irrecouvrable|"
        "passee en perte|niesciagalna|spisana|nieskuteczna",
    },
    ("payments", "status"): {
        "booked": "booked|book|succeeded|success|paid|completed|complete|settled|posted|cleared|authorised|reconciled|"
        "realizado|completado|pagado|cobrado|contabilizado|effectue|reussi|comptabilise|zrealizowana|"
        "zaksiegowana|oplacona|wykonana|rozliczona",
        "pending": "pending|pdng|processing|in progress|requires action|pendiente|en proceso|en attente|en cours|"
        "oczekujaca|w trakcie|oczekuje|requires_action|requires_payment_method|requires_capture",
        "failed": "failed|declined|rejected|canceled|cancelled|void|expired|blocked|fallido|rechazado|cancelado|echoue|"
        "refuse|annule|odrzucona|anulowana|nieudana|uncaptured|deleted",
        "refunded": "refunded|fully refunded|reversed|disputed|devuelto|reembolsado|rembourse|zwrocona|zwrot",
    },
    ("payments", "method"): {
        "transfer": "transfer|bank transfer|wire|wire transfer|sepa|sepa credit transfer|credit transfer|ach|"
        "transferencia|transferencia bancaria|spei|virement|virement bancaire|przelew|przelew bankowy|eft|"
        "electronic funds transfer|03",
        "card": "card|credit card|debit card|visa|mastercard|amex|american express|tarjeta|tarjeta de credito|carte|"
        "carte bancaire|cb|karta|karta platnicza|04|28",
        "direct_debit": "direct debit|sepa debit|sepa direct debit|domiciliacion|recibo domiciliado|adeudo|prelevement|"
        "polecenie zaplaty|giro|recibo",
        "cash": "cash|efectivo|especes|gotowka|01",
        "cheque": "cheque|check|talon|czek|02",
        "gateway": "gateway|paypal|stripe|payu|przelewy24|blik|redsys|bizum|klarna|p24|mollie|gocardless|link",
        "other": "other|otro|otros|autre|inne|por definir|99",
        "refund": "refund|reembolso|devolucion|remboursement|zwrot",
    },
    ("payments", "direction"): {
        "credit": "credit|cr|c|crdt|in|haber|h|abono|credito|c credit|ma|uznanie|wplyw|+|ingreso",
        "debit": "debit|dr|d|dbit|out|debe|cargo|debito|wn|winien|obciazenie|wyplyw|-|gasto",
    },
    ("customers", "kind"): {
        "company": "company|organization|business|empresa|sociedad|persona moral|entreprise|societe|professionnel|"
        "firma|organizacja|b2b",
        "person": "person|individual|consumer|particular|persona|persona fisica|autonomo|particulier|osoba|"
        "osoba fizyczna|osoba prywatna|b2c|contact",
    },
    ("lines", "document"): {
        "invoice": "invoice|factura|facture|faktura",
        "deal": "deal|opportunity|negocio|szansa",
        "quote": "quote|presupuesto|devis|oferta",
    },
}
