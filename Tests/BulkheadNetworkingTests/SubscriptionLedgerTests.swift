@testable import BulkheadNetworking
import Testing

@Suite struct `The ledger of subscriptions` {
    @Test func `counts channels and patterns apart from shard channels`() {
        var ledger = SubscriptionLedger()
        ledger.confirmed(.subscribe, left: 1)
        ledger.confirmed(.ssubscribe, left: 1)
        ledger.confirmed(.sunsubscribe, left: 0)
        #expect(ledger.isSubscribed)
        #expect(ledger.left(of: .unsubscribe) == 1 && ledger.left(of: .sunsubscribe) == 0)
        ledger.confirmed(.unsubscribe, left: 0)
        #expect(!ledger.isSubscribed)
    }

    @Test func `distinguishes channels from patterns by the count of both`() {
        var ledger = SubscriptionLedger()
        ledger.confirmed(.subscribe, left: 1)
        ledger.confirmed(.psubscribe, left: 2)
        ledger.confirmed(.psubscribe, left: 3)
        ledger.confirmed(.subscribe, left: 3)
        #expect(ledger.left(of: .subscribe) == 1 && ledger.left(of: .psubscribe) == 2)
        ledger.confirmed(.unsubscribe, left: 2)
        #expect(ledger.left(of: .subscribe) == 0 && ledger.left(of: .psubscribe) == 2)
        ledger.confirmed(.punsubscribe, left: 1)
        #expect(ledger.left(of: .psubscribe) == 1 && ledger.isSubscribed)
    }

    @Test(arguments: [Int64.min, -1, 0, 1, .max])
    func `takes any count without a trap, and believes no new subscription that is none`(_ count: Int64) {
        for first in SubscriptionKind.allCases {
            for second in SubscriptionKind.allCases {
                var ledger = SubscriptionLedger()
                ledger.confirmed(first, left: count)
                ledger.confirmed(second, left: Int64.max)
                ledger.confirmed(second, left: count)
                for kind in SubscriptionKind.allCases { #expect(ledger.left(of: kind) >= 0) }
                ledger.confirmed(.subscribe, left: 0)
                #expect(ledger.isSubscribed)
            }
        }
    }
}
