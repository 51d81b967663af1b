"""Entry or exit, long or short: the words of Type, and of Signal where a trade is open."""

from collections.abc import Sequence

from hewston.pipeline.parity.readers.vocabulary import plain

_ENTRIES = (
    *("entry", "enter", "einstieg", "entrada", "entrée", "entree", "entrer", "entrata", "ingresso"),
    *("giriş", "gir ", "вход", "вхід", "wejście", "otwarcie", "エントリー", "新規", "進場", "进场"),
    *("入場", "入场", "開倉", "开仓", "진입", "vào", "masuk", "entri", "เข้า", "دخول", "כניסה"),
    *("ingång", "vstup", "belépés", "intrare", "είσοδος", "開多", "開空", "开多", "开空", "instap"),
)
_EXITS = (
    *("exit", "close", "ausstieg", "salida", "sortie", "sortir", "uscita", "chiusura", "saída"),
    *("saida", "çıkış", "kapat", "выход", "вихід", "закрыт", "wyjście", "zamknięcie", "決済"),
    *(
        "エグジット",
        "出場",
        "出场",
        "平倉",
        "平仓",
        "離場",
        "离场",
        "청산",
        "thoát",
        "đóng",
        "keluar",
    ),
    *("tutup", "ออก", "خروج", "יציאה", "utgång", "výstup", "kilépés", "ieșire", "έξοδος", "cerrar"),
    *("平多", "平空", "fermer", "uitstap", "fechar"),
)
_LONGS = (
    *("long", "larg", "lung", "comprad", "compra", "uzun", "длин", "лонг", "довг", "покуп"),
    *(
        "dług",
        "ロング",
        "買い",
        "多頭",
        "多头",
        "做多",
        "多单",
        "多單",
        "多仓",
        "多倉",
        "롱",
        "매수",
    ),
    *("mua", "dài", "beli", "panjang", "ลอง", "ซื้อ", "شراء", "طويل", "לונג", "achat", "lång"),
    *("開多", "开多", "平多", "dlouh", "hosszú"),
)
_SHORTS = (
    *("short", "cort", "vendid", "venda", "venta", "kısa", "корот", "шорт", "прода", "krót"),
    *(
        "ショート",
        "売り",
        "空頭",
        "空头",
        "做空",
        "空单",
        "空單",
        "空仓",
        "空倉",
        "숏",
        "매도",
        "bán",
    ),
    *("ngắn", "jual", "pendek", "ชอร์ต", "ขาย", "بيع", "قصير", "שורט", "vente", "court", "kort"),
    *("開空", "开空", "平空", "krátk", "rövid"),
)
_OPEN = {
    *("open", "offen", "abierta", "abierto", "abiertas", "ouvert", "ouverte", "aperta", "aperto"),
    *("aberta", "aberto", "em aberto", "açık", "открыта", "открыт", "открыто", "открытая"),
    *(
        "открытая позиция",
        "відкрита",
        "otwarta",
        "otwarte",
        "otwarty",
        "オープン",
        "未決済",
        "建玉",
    ),
    *(
        "保有中",
        "未平倉",
        "未平仓",
        "持倉",
        "持仓",
        "持倉中",
        "持仓中",
        "開倉",
        "开仓",
        "開啟",
        "打开",
    ),
    *("開放", "열림", "오픈", "미청산", "진행중", "진행 중", "mở", "đang mở", "terbuka", "buka"),
    *("เปิด", "مفتوح", "مفتوحة", "פתוח", "פתוחה", "öppen", "otevřený", "nyitott", "deschis"),
    *("ανοιχτή", "obert", "oberta"),
}


def read_end(text: str) -> str | None:
    """Tell ``entry`` or ``exit``; None where the words are not known, or are both there."""
    return _one_of(text, entry=_ENTRIES, exit=_EXITS)


def read_side(text: str) -> str | None:
    """Tell ``LONG`` or ``SHORT``; None likewise."""
    return _one_of(text, LONG=_LONGS, SHORT=_SHORTS)


def is_open_word(text: str | None) -> bool:
    """Tell whether a Signal is what TradingView writes of a trade that is still open."""
    return text is not None and plain(text) in _OPEN


def _one_of(text: str, **words: Sequence[str]) -> str | None:
    folded = plain(text) + " "
    found = [name for name, known in words.items() if any(word in folded for word in known)]
    return found[0] if len(found) == 1 else None
