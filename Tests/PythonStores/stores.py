"""Writes and reads vectors by the Python packages that RedisVectorLayout describes.

stores.py write URL      each store writes three records of four dimensions
stores.py query URL      each store is asked for the nearest record to (0, 0, 0, 1), and says its text
"""
import json
import logging
import sys

import numpy
from langchain_core.embeddings import Embeddings
from langchain_redis import RedisConfig
from langchain_redis import RedisVectorStore as LangChainStore
from llama_index.core.schema import TextNode
from llama_index.core.vector_stores.types import VectorStoreQuery
from llama_index.vector_stores.redis import RedisVectorStore as LlamaIndexStore
from redisvl.index import SearchIndex
from redisvl.query import VectorQuery
from redisvl.schema import IndexSchema

logging.disable(logging.CRITICAL)
action, url = sys.argv[1:]
QUERY = [0, 0, 0, 1]
VECTORS = {"a": [1, 0, 0, 0], "b": [0, 1, 0, 0], "c": [0.9, 0.1, 0, 0]}
FORM = {"dims": 4, "algorithm": "flat", "distance_metric": "cosine", "datatype": "float32"}


class Fixed(Embeddings):
    """The vector of a text is that of its last letter."""

    def embed_documents(self, texts):
        return [self.embed_query(text) for text in texts]

    def embed_query(self, text):
        return VECTORS.get(text[-1:], QUERY)


llama_index = LlamaIndexStore(
    schema=IndexSchema.from_dict({
        "index": {"name": "llama_index", "prefix": "llama_index/vector", "key_separator": "_"},
        "fields": [
            {"type": "tag", "name": "id"}, {"type": "tag", "name": "doc_id"}, {"type": "text", "name": "text"},
            {"type": "vector", "name": "vector", "attrs": FORM},
        ]}),
    redis_url=url)
lang_chain = LangChainStore(
    Fixed(),
    config=RedisConfig(index_name="lc", redis_url=url, metadata_schema=[{"name": "year", "type": "numeric"}]))
redis_vl = SearchIndex.from_dict({
    "index": {"name": "vl", "prefix": "vl"},
    "fields": [{"name": "text", "type": "text"}, {"name": "embedding", "type": "vector", "attrs": FORM}],
}, redis_url=url)
if not redis_vl.exists():
    redis_vl.create()

if action == "write":
    llama_index.add([
        TextNode(id_=name, text="text " + name, embedding=vector, metadata={"year": 1984})
        for name, vector in VECTORS.items()])
    lang_chain.add_texts(["text " + name for name in VECTORS], [{"year": 1984} for _ in VECTORS])
    redis_vl.load([
        {"id": name, "text": "text " + name, "year": 1984,
         "embedding": numpy.array(vector, dtype=numpy.float32).tobytes()}
        for name, vector in VECTORS.items()], id_field="id")
else:
    node = llama_index.query(VectorStoreQuery(query_embedding=QUERY, similarity_top_k=1)).nodes[0]
    document, distance = lang_chain.similarity_search_with_score_by_vector(QUERY, k=1)[0]
    row = redis_vl.query(VectorQuery(
        vector=QUERY, vector_field_name="embedding", return_fields=["text", "year"], num_results=1))[0]
    print(json.dumps({
        "llama_index": {"text": node.get_content(), "year": str(node.metadata.get("year"))},
        "langchain": {"text": document.page_content, "year": str(document.metadata.get("year"))},
        "redisvl": {"text": row["text"], "year": str(row["year"])},
    }))
