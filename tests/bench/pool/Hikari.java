// HikariCP under the same load: java Hikari pure|select THREADS SECONDS JDBC-URL
//
// The same load runs for a second and a half first, for the compiler. Without a server (pure) its driver does nothing.
// Prints: nanoseconds an operation, slowest thread to fastest, 99th percentile and longest in us.
import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.Driver;
import java.sql.DriverManager;
import java.sql.DriverPropertyInfo;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Arrays;
import java.util.Properties;
import java.util.concurrent.CyclicBarrier;
import java.util.logging.Logger;

public class Hikari {
    static final int SIZE = 10, SAMPLES = 400000;
    static volatile boolean going;

    /** A driver whose connections answer every call with nothing, false, 0 or true where that is asked. */
    public static class Idle implements Driver {
        public Connection connect(String url, Properties properties) {
            return acceptsURL(url) ? (Connection) Proxy.newProxyInstance(Idle.class.getClassLoader(), new Class<?>[] {Connection.class},
                (proxy, method, arguments) -> {
                    Class<?> type = method.getReturnType();
                    if (type == boolean.class)
                        return method.getName().equals("isValid") || method.getName().equals("getAutoCommit");
                    return type == int.class ? (Object) Connection.TRANSACTION_READ_COMMITTED : null;
                }) : null;
        }
        public boolean acceptsURL(String url) { return url.startsWith("jdbc:idle:"); }
        public DriverPropertyInfo[] getPropertyInfo(String url, Properties properties) { return new DriverPropertyInfo[0]; }
        public int getMajorVersion() { return 1; }
        public int getMinorVersion() { return 0; }
        public boolean jdbcCompliant() { return false; }
        public Logger getParentLogger() { return null; }
    }

    static final class Lane extends Thread {
        final HikariDataSource pool;
        final boolean pure;
        final CyclicBarrier start;
        final int[] took = new int[SAMPLES];
        int samples;
        long operations;

        Lane(HikariDataSource pool, boolean pure, CyclicBarrier start) {
            this.pool = pool;
            this.pure = pure;
            this.start = start;
        }

        void once() throws SQLException {
            try (Connection connection = pool.getConnection()) {
                if (!pure)
                    try (Statement statement = connection.createStatement(); ResultSet rows = statement.executeQuery("SELECT 1")) {
                        rows.next();
                    }
            }
        }

        public void run() {
            try {
                start.await();
                while (going) {
                    boolean sampled = !pure || (operations & 15) == 0;
                    long began = sampled ? System.nanoTime() : 0;
                    once();
                    if (sampled && samples < SAMPLES)
                        took[samples++] = (int) ((System.nanoTime() - began) / 1000);
                    operations++;
                }
            } catch (Exception e) {
                throw new RuntimeException(e);
            }
        }
    }

    static Lane[] run(HikariDataSource pool, boolean pure, int threads, double seconds) throws Exception {
        CyclicBarrier start = new CyclicBarrier(threads + 1);
        Lane[] lanes = new Lane[threads];
        going = true;
        for (int i = 0; i < threads; i++)
            (lanes[i] = new Lane(pool, pure, start)).start();
        start.await();
        Thread.sleep((long) (seconds * 1000));
        going = false;
        for (Lane lane : lanes)
            lane.join();
        return lanes;
    }

    public static void main(String[] arguments) throws Exception {
        boolean pure = arguments[0].equals("pure");
        int threads = Integer.parseInt(arguments[1]);
        double seconds = Double.parseDouble(arguments[2]);
        HikariConfig config = new HikariConfig();
        DriverManager.registerDriver(new Idle());
        config.setJdbcUrl(pure ? "jdbc:idle:" : arguments[3]);
        config.setMaximumPoolSize(SIZE);
        config.setConnectionTimeout(60000);
        HikariDataSource pool = new HikariDataSource(config);
        run(pool, pure, threads, 1.5);
        long began = System.nanoTime();
        Lane[] lanes = run(pool, pure, threads, seconds);
        long spent = System.nanoTime() - began, operations = 0, least = Long.MAX_VALUE, most = 0;
        int samples = 0;
        for (Lane lane : lanes) {
            operations += lane.operations;
            least = Math.min(least, lane.operations);
            most = Math.max(most, lane.operations);
            samples += lane.samples;
        }
        int[] all = new int[samples];
        int at = 0;
        for (Lane lane : lanes) {
            System.arraycopy(lane.took, 0, all, at, lane.samples);
            at += lane.samples;
        }
        Arrays.sort(all);
        System.out.printf("%.1f %.3f %d %d%n", (double) spent / operations, (double) least / most, all[(int) (samples * 0.99)], all[samples - 1]);
        System.exit(0);
    }
}
