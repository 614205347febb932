"""The nearest vectors by redis-py and numpy: search.py URL PATTERN COUNT NUMBER,NUMBER,…

Scans hashes page by page as redis-py users do, reads their vectors by pipelines, and compares them at once.
"""
import json
import sys
import time

import numpy
import redis

url, pattern, count, numbers = sys.argv[1:]
query = numpy.array([float(number) for number in numbers.split(",")], dtype=numpy.float32)
# bulkhead: allow raw-client, database-number because the server is the benchmark's own
server = redis.Redis.from_url(url, db=1)
server.ping()

start = time.perf_counter()
keys, vectors = [], []
cursor = 0
while True:
    cursor, page = server.scan(cursor, match=pattern, count=1000, _type="hash")
    with server.pipeline(transaction=False) as pipeline:
        for key in page:
            pipeline.hget(key, "vector")
        for key, value in zip(page, pipeline.execute()):
            if value is not None and len(value) == query.nbytes:
                keys.append(key)
                vectors.append(value)
    if cursor == 0:
        break
matrix = numpy.frombuffer(b"".join(vectors), dtype=numpy.float32).reshape(len(vectors), len(query))
distances = 1 - matrix @ query / numpy.linalg.norm(matrix, axis=1) / numpy.linalg.norm(query)
nearest = numpy.argsort(distances)[: int(count)]
found = [keys[place].decode() for place in nearest]
print(json.dumps({"seconds": time.perf_counter() - start, "compared": len(keys), "found": found}))
