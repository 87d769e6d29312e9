"""SQLAlchemy's QueuePool and psycopg_pool under the same load: pools.py PEER pure|select THREADS SECONDS URL

Prints: nanoseconds an operation, slowest thread to fastest, 99th percentile and longest in us.
"""
import os
import sys
import threading
import time

SIZE = 10


class NoConnection:
    """What QueuePool needs of a connection that does nothing."""

    def rollback(self):
        pass

    def close(self):
        pass


def sqlalchemy(pure, url):
    import psycopg2
    from sqlalchemy import create_engine
    from sqlalchemy.pool import QueuePool

    if pure:
        pool = QueuePool(NoConnection, pool_size=SIZE, max_overflow=0, timeout=60)
        return lambda: pool.connect().close()
    engine = create_engine("postgresql+psycopg2://", creator=lambda: psycopg2.connect(url), pool_size=SIZE, max_overflow=0,
                           pool_timeout=60, isolation_level="AUTOCOMMIT")

    def once():
        with engine.connect() as connection:
            connection.exec_driver_sql("SELECT 1").fetchone()

    return once


def psycopg_pool(pure, url):
    from psycopg_pool import ConnectionPool

    pool = ConnectionPool(url, min_size=SIZE, max_size=SIZE, kwargs={"autocommit": True}, timeout=60, open=True)
    pool.wait(60)
    if pure:
        return lambda: pool.putconn(pool.getconn())

    def once():
        with pool.connection() as connection:
            connection.execute("SELECT 1").fetchone()

    return once


def main():
    peer, mode, threads, seconds, url = sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4]), sys.argv[5]
    once = {"sqlalchemy": sqlalchemy, "psycopg_pool": psycopg_pool}[peer](mode == "pure", url)
    took = [[] for _ in range(threads)]
    going = True

    def lane(mine):
        while going:
            began = time.perf_counter_ns()
            once()
            mine.append(time.perf_counter_ns() - began)

    workers = [threading.Thread(target=lane, args=(mine,)) for mine in took]
    began = time.perf_counter_ns()
    for worker in workers:
        worker.start()
    time.sleep(seconds)
    going = False
    for worker in workers:
        worker.join()
    spent = time.perf_counter_ns() - began
    every = sorted(each for mine in took for each in mine)
    counts = [len(mine) for mine in took]
    print("%.1f %.3f %d %d" % (spent / len(every), min(counts) / max(counts), every[len(every) * 99 // 100] // 1000,
                               every[-1] // 1000), flush=True)
    os._exit(0)  # psycopg_pool's threads would wait


main()
