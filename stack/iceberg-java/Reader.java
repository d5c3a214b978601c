import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.StringJoiner;
import org.apache.iceberg.FileScanTask;
import org.apache.iceberg.Table;
import org.apache.iceberg.aws.glue.GlueCatalog;
import org.apache.iceberg.catalog.TableIdentifier;
import org.apache.iceberg.data.IcebergGenerics;
import org.apache.iceberg.data.Record;
import org.apache.iceberg.expressions.Expression;
import org.apache.iceberg.expressions.Expressions;
import org.apache.iceberg.io.CloseableIterable;

/**
 * What Iceberg's own reader sees of a table in Glue, opened by name.
 *
 * <p>{@code java -cp 'jars/*' Reader.java DATABASE.TABLE [FILTER ...]} with the endpoints and
 * credentials in the environment of AWS SDKs. A filter is {@code symbol=AAPL},
 * {@code day=2026-11-23}, or both with a comma between. Prints one JSON object.
 */
public final class Reader {
  private static final LocalDateTime EPOCH = LocalDateTime.of(1970, 1, 1, 0, 0);
  private static final int HASH_DIGITS = 12;

  private Reader() {}

  public static void main(String[] args) throws Exception {
    try (GlueCatalog catalog = new GlueCatalog()) {
      catalog.initialize("glue", properties());
      Table table = catalog.loadTable(TableIdentifier.parse(args[0]));
      StringJoiner planned = new StringJoiner(",", "{", "}");
      for (int at = 1; at < args.length; at++) {
        Expression filter = expression(args[at]);
        String found =
            "{\"files\":%d,\"rows\":%d}".formatted(files(table, filter), rows(table, filter));
        planned.add(quoted(args[at]) + ":" + found);
      }
      System.out.println(
          "{%s,\"files\":%d,\"snapshot\":\"%s\",\"planned\":%s}".formatted(
              everything(table),
              files(table, Expressions.alwaysTrue()),
              table.currentSnapshot() == null ? "" : table.currentSnapshot().snapshotId(),
              planned));
    }
  }

  private static Map<String, String> properties() {
    Map<String, String> properties = new LinkedHashMap<>();
    properties.put("client.region", System.getenv("AWS_REGION"));
    properties.put("glue.endpoint", System.getenv("AWS_ENDPOINT_URL_GLUE"));
    properties.put("s3.endpoint", System.getenv("AWS_ENDPOINT_URL_S3"));
    properties.put("s3.path-style-access", "true");
    properties.put("http-client.type", "urlconnection");
    properties.put("io-impl", "org.apache.iceberg.aws.s3.S3FileIO");
    properties.values().removeIf(value -> value == null);
    return properties;
  }

  /** Rows, sums and nulls as members of the object that is printed. */
  private static String everything(Table table) throws Exception {
    long rows = 0;
    long offsets = 0;
    BigInteger checksum = BigInteger.ZERO;
    Map<String, Long> nulls = new LinkedHashMap<>();
    table.schema().columns().forEach(column -> nulls.put(column.name(), 0L));
    try (CloseableIterable<Record> records = IcebergGenerics.read(table).build()) {
      for (Record record : records) {
        rows += 1;
        Object offset = record.getField("tape_offset");
        offsets += offset == null ? 0 : (Long) offset;
        checksum = checksum.add(BigInteger.valueOf(hash(record)));
        for (Map.Entry<String, Long> column : nulls.entrySet())
          if (record.getField(column.getKey()) == null) column.setValue(column.getValue() + 1);
      }
    }
    StringJoiner members = new StringJoiner(",", "{", "}");
    nulls.forEach((name, count) -> members.add(quoted(name) + ":" + count));
    return "\"rows\":%d,\"offsets\":\"%d\",\"checksum\":\"%s\",\"nulls\":%s"
        .formatted(rows, offsets, checksum, members);
  }

  /** The row's part of the checksum that test/readers/reading.ts defines. */
  private static long hash(Record record) throws Exception {
    LocalDateTime time = (LocalDateTime) record.getField("ts");
    StringJoiner text = new StringJoiner("|");
    text.add(text(record.getField("symbol")));
    text.add(text(time == null ? null : ChronoUnit.MICROS.between(EPOCH, time)));
    text.add(text(millionths(record.getField("price"))));
    text.add(text(millionths(record.getField("volume"))));
    text.add(text(record.getField("tape_partition")));
    text.add(text(record.getField("tape_offset")));
    byte[] digest =
        MessageDigest.getInstance("MD5").digest(text.toString().getBytes(StandardCharsets.UTF_8));
    return Long.parseLong(HexFormat.of().formatHex(digest).substring(0, HASH_DIGITS), 16);
  }

  private static Long millionths(Object value) {
    return value == null ? null : (long) Math.floor((Double) value * 1e6 + 0.5);
  }

  private static String text(Object value) {
    return value == null ? "" : value.toString();
  }

  private static Expression expression(String filter) {
    Expression all = Expressions.alwaysTrue();
    for (String term : filter.split(",")) {
      String[] parts = term.split("=", 2);
      Expression one =
          parts[0].equals("day") ? day(parts[1]) : Expressions.equal(parts[0], parts[1]);
      all = Expressions.and(all, one);
    }
    return all;
  }

  private static Expression day(String text) {
    LocalDateTime first = LocalDate.parse(text).atStartOfDay();
    return Expressions.and(
        Expressions.greaterThanOrEqual("ts", micros(first)),
        Expressions.lessThan("ts", micros(first.plusDays(1))));
  }

  private static long micros(LocalDateTime time) {
    return time.toEpochSecond(ZoneOffset.UTC) * 1_000_000;
  }

  private static long files(Table table, Expression filter) throws Exception {
    long files = 0;
    try (CloseableIterable<FileScanTask> tasks = table.newScan().filter(filter).planFiles()) {
      for (FileScanTask task : tasks) files += 1;
    }
    return files;
  }

  private static long rows(Table table, Expression filter) throws Exception {
    long rows = 0;
    try (CloseableIterable<Record> records = IcebergGenerics.read(table).where(filter).build()) {
      for (Record record : records) rows += 1;
    }
    return rows;
  }

  private static String quoted(String text) {
    return "\"" + text.replace("\\", "\\\\").replace("\"", "\\\"") + "\"";
  }
}
