"""What TradingView calls its figures of performance."""

from collections.abc import Mapping

from hewston.pipeline.parity.readers.vocabulary import plain

_NAMES: Mapping[str, str] = {
    "initial_capital": "initial capital|anfangskapital|startkapital|capital inicial|capital initial|başlangıç sermayesi|начальный капитал|初期資金|初始資金|初始资金|초기 자본",
    "open_pnl": "open p&l|open pnl|open pl|offener g&v|offene g&v|pyg abierta|p&l ouvert|未決済損益|含み損益|未平倉損益|未平仓损益|未平仓盈亏|открытая прибыль/убыток",
    "net_profit": "net profit|net p&l|net pnl|total p&l|total pnl|nettogewinn|g&v netto|netto g&v|beneficio neto|pyg neto|bénéfice net|p&l net|profitto netto|lucro líquido|net kâr|чистая прибыль|純利益|純損益|淨利|淨利潤|淨損益|净利润|净损益|순이익",
    "gross_profit": "gross profit|bruttogewinn|beneficio bruto|bénéfice brut|profitto lordo|lucro bruto|brüt kâr|валовая прибыль|総利益|毛利|毛利潤|毛利润|总盈利|總獲利|총이익",
    "gross_loss": "gross loss|bruttoverlust|pérdida bruta|perte brute|perdita lorda|perda bruta|prejuízo bruto|brüt zarar|валовый убыток|валовой убыток|総損失|毛損|毛亏损|毛损|总亏损|總虧損|총손실",
    "commission_paid": "commission paid|bezahlte kommission|gezahlte kommission|bezahlte provision|comisión pagada|commission payée|comissão paga|ödenen komisyon|уплаченная комиссия|支払手数料|支払い手数料|已付手續費|已付佣金|已付手续费|支付的佣金|지불 수수료",
    "expected_payoff": "expected payoff|erwarteter gewinn|erwartete auszahlung|期待利得|預期報酬|预期收益",
    "return_on_capital": "return on initial capital|rendite auf anfangskapital|初期資金利益率|初始資金回報率|初始资金回报率",
    "loss_share": "net profit as % of largest loss|net p&l as % of largest loss|net pnl as % of largest loss|nettogewinn als % des größten verlusts",
    "total_trades": "total trades|total closed trades|geschlossene trades gesamt|trades insgesamt|trades gesamt|gesamtzahl der trades|total de operaciones|total des trades|total de negociações|toplam işlem|всего сделок|総トレード数|取引総数|總交易量|總交易|總交易數|总交易量|总交易|总交易数|총 거래",
    "open_trades": "total open trades|offene trades gesamt|offene trades insgesamt|total de operaciones abiertas|未決済トレード総数|總未平倉交易|总未平仓交易|未平仓总数",
    "winning_trades": "winning trades|number winning trades|gewinntrades|anzahl gewinntrades|gewinnende trades|operaciones ganadoras|trades gagnants|negociações vencedoras|прибыльные сделки|勝ちトレード|勝ちトレード数|獲利交易|盈利交易|盈利交易数",
    "losing_trades": "losing trades|number losing trades|verlusttrades|anzahl verlusttrades|verlierende trades|operaciones perdedoras|trades perdants|negociações perdedoras|убыточные сделки|負けトレード|負けトレード数|虧損交易|亏损交易|亏损交易数",
    "even_trades": "even trades|breakeven trades|break-even trades|break even trades",
    "percent_profitable": "percent profitable|profitable trades|prozent profitabel|profitabel in prozent|prozentual profitabel|porcentaje rentable|pourcentage rentable|porcentagem lucrativa|процент прибыльных|勝率|勝率 (%)|獲利百分比|获利百分比|盈利百分比|胜率",
    "avg_trade": "avg trade|avg p&l|avg pnl|average trade|average p&l|ø trade|durchschn. trade|durchschn. g&v|ø g&v|平均損益|平均トレード|平均交易|平均损益|平均盈亏",
    "avg_winning_trade": "avg winning trade|average winning trade|durchschn. gewinntrade|ø gewinntrade|平均勝ちトレード|平均獲利交易|平均盈利交易",
    "avg_losing_trade": "avg losing trade|average losing trade|durchschn. verlusttrade|ø verlusttrade|平均負けトレード|平均虧損交易|平均亏损交易",
    "avg_ratio": "ratio avg win / avg loss|ratio avg win/avg loss|ratio avg. win / avg. loss|verhältnis ø gewinn / ø verlust|verhältnis durchschn. gewinn / durchschn. verlust|平均利益/平均損失比率|平均獲利/平均虧損比率|平均胜率/平均负率|平均盈利/平均亏损比率",
    "largest_winning_trade": "largest winning trade|größter gewinntrade|最大勝ちトレード|最大獲利交易|最大盈利交易",
    "largest_losing_trade": "largest losing trade|größter verlusttrade|最大負けトレード|最大虧損交易|最大亏损交易",
    "largest_winning_pct": "largest winning trade percent|largest winning trade %|größter gewinntrade in prozent|größter gewinntrade prozent|最大勝ちトレード率|最大獲利交易百分比|最大盈利交易百分比",
    "largest_losing_pct": "largest losing trade percent|largest losing trade %|größter verlusttrade in prozent|größter verlusttrade prozent|最大負けトレード率|最大虧損交易百分比|最大亏损交易百分比",
    "winner_share": "largest winner as % of gross profit|größter gewinner als % des bruttogewinns",
    "loser_share": "largest loser as % of gross loss|größter verlierer als % des bruttoverlusts",
    "avg_bars": "avg # bars in trades|avg # of bars in trades|average # bars in trades|ø anzahl balken in trades|durchschn. anzahl balken in trades|トレードの平均バー数|交易的平均#k線數|交易的平均#k线数",
    "avg_bars_winning": "avg # bars in winning trades|avg # of bars in winning trades|ø anzahl balken in gewinntrades|durchschn. anzahl balken in gewinntrades|勝ちトレードの平均バー数|獲利交易的平均#k線數|盈利交易的平均#k线数",
    "avg_bars_losing": "avg # bars in losing trades|avg # of bars in losing trades|ø anzahl balken in verlusttrades|durchschn. anzahl balken in verlusttrades|負けトレードの平均バー数|虧損交易的平均#k線數|亏损交易的平均#k线数",
    "profit_factor": "profit factor|profitfaktor|gewinnfaktor|factor de ganancias|factor de beneficio|facteur de profit|fattore di profitto|fator de lucro|kâr faktörü|профит-фактор|фактор прибыли|プロフィットファクター|獲利因子|盈利因子|수익 지수",
    "max_contracts": "max contracts held|max. gehaltene kontrakte|maximal gehaltene kontrakte|最大保有枚数|最大保有契約数|最大持有合約|最大持有合约",
    "margin_calls": "margin calls|margin-calls|マージンコール|追繳保證金|追加保证金",
    "max_drawdown_closed": "max equity drawdown (close-to-close)|max drawdown (close-to-close)",
    "max_runup_closed": "max equity run-up (close-to-close)|max run-up (close-to-close)",
}
_KEY_OF = {plain(name): key for key, names in _NAMES.items() for name in names.split("|")}


def key_of(label: str) -> str | None:
    """Give the key of a figure by its label; None for one that is not derived from trades."""
    return _KEY_OF.get(plain(label))
