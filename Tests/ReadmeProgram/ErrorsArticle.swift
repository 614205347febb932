// swift-format-ignore-file
// The program of the article Errors as it stands there, so that the compiler reads it; ReadmeTests compares.

import Bulkhead

func count(_ page: String, in main: RedisDatabase) async throws(RedisError) {
    do throws(RedisError) {
        _ = try await main.incr("visits:\(page)")
    } catch {
        switch error.code {
        case .wrongType: print("this key holds something else: \(error)")
        case _ where error.isSafeToRetry: print("not counted, try again later: \(error)")
        case _ where error.isAmbiguous: print("counted or not, nobody knows: \(error)")
        default: throw error
        }
    }
}
