using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;

namespace OptimizerBuild.Onnx.Expansions;

/// <summary>
/// TfIdfVectorizer: how often sequences of words, given by the model, occur in a row of words, also with words between them; perhaps
/// weighted. Each length and distance is compared by standard operators.
/// </summary>
[RewrittenOperator("TfIdfVectorizer")]
[Input(0, "X", Elements.Indices | Elements.String)]
[Output(0, "Y")]
[Parameter("max_gram_length", ParameterKind.Int, Required = true, Minimum = 1)]
[Parameter("max_skip_count", ParameterKind.Int, Required = true, Minimum = 0)]
[Parameter("min_gram_length", ParameterKind.Int, Required = true, Minimum = 1)]
[Parameter("mode", ParameterKind.String, Required = true, Choices = ["TF", "IDF", "TFIDF"])]
[Parameter("ngram_counts", ParameterKind.Ints, Required = true, Minimum = 0)]
[Parameter("ngram_indexes", ParameterKind.Ints, Required = true, Minimum = 0)]
[Parameter("pool_int64s", ParameterKind.Ints)]
[Parameter("pool_strings", ParameterKind.Strings)]
[Parameter("weights", ParameterKind.Floats)]
internal sealed class TfIdfVectorizerExpansion : Expansion
{
    // Comparisons of words, each some nodes.
    private const int MostComparisons = 4096;

    /// <inheritdoc/>
    public override void Expand(ExpansionContext context)
    {
        Node node = context.Node;
        TensorType type = context.Type(0);
        bool isText = type.Element == ElementType.String;
        string[]? texts = node.Texts("pool_strings");
        long[]? numbers = node.Ints("pool_int64s");
        int pool = (isText ? texts?.Length : numbers?.Length) ?? throw context.Invalid($"it has no pool of words for {type}");
        long[] starts = node.Ints("ngram_counts")!, columns = node.Ints("ngram_indexes")!;
        if (type.Rank is < 1 or > 2 || type.Count == 0)
            throw context.Unsupported("TfIdfVectorizer of rows of words");
        int rows = type.Rank == 2 ? type.Dimensions[0] : 1, words = type.Dimensions[^1];
        string x = context.Reshape(isText ? context[0] : context.Cast(context[0], ElementType.Int64), rows, words, 1);

        // The counts of all sequences in the order of the pool.
        var counts = new List<string>();
        for (int length = 1, gram = 0; length <= starts.Length; length++)
        {
            long start = starts[length - 1], end = length < starts.Length ? starts[length] : pool;
            if (start > end || end > pool || (end - start) % length != 0)
                throw context.Invalid($"its ngram_counts [{string.Join(',', starts)}] do not divide a pool of {pool} words");
            int grams = (int)(end - start) / length;
            if ((gram += grams) > columns.Length)
                throw context.Invalid($"it has {columns.Length} ngram_indexes for more sequences");
            if (grams > 0)
                counts.Add(Counts(context, x, rows, words, length, i => Words(texts, numbers, isText, start, length, grams, i)));
        }
        int known = counts.Sum(c => context.TypeOf(c).Dimensions[1]);
        if (known != columns.Length)
            throw context.Invalid($"it has {columns.Length} ngram_indexes for {known} sequences");
        float[] weights = node.Floats("weights") ?? [];
        string mode = node.Text("mode", "TF");
        int width = context.Elements(columns.DefaultIfEmpty(-1).Max() + 1);
        if (mode != "TF" && weights.Length > 0 && weights.Length < width)
            throw context.Invalid($"it has {weights.Length} weights for {width} columns");
        string all = Columns(context, counts, columns, rows, width);
        if (mode == "IDF")
            all = context.Cast(context.Add("Greater", all, context.Scalar(ElementType.Float32, 0)), ElementType.Float32);
        if (mode != "TF" && weights.Length > 0)
            all = context.Add("Mul", all, context.Add(Tensor.Of(weights[..width], width)));
        context.Return(0, type.Rank == 2 ? all : context.Reshape(all, (long)width));
    }

    // Counts by column: sequences of the same column are added up, columns of none are 0.
    private static string Columns(ExpansionContext context, List<string> counts, long[] columns, int rows, int width)
    {
        counts.Add(context.Add(Tensor.Zeros(TensorType.Float32(rows, 1))));
        string all = context.Add(new Node("", "Concat", [.. counts], []).With("axis", 1));
        int[][] members = [.. Enumerable.Range(0, width).Select(_ => Array.Empty<int>())];
        foreach (IGrouping<long, int> column in Enumerable.Range(0, columns.Length).GroupBy(i => columns[i]))
            members[column.Key] = [.. column];
        string? sum = null;
        for (int i = 0; i < members.Select(m => m.Length).DefaultIfEmpty(1).Max() || i == 0; i++)
        {
            long[] places = [.. members.Select(m => i < m.Length ? (long)m[i] : columns.Length)];
            string taken = context.Add(ExpansionContext.New("Gather", all, context.Ints(places)).With("axis", 1));
            sum = sum is null ? taken : context.Add("Add", sum, taken);
        }
        return sum!;
    }

    // How often each sequence of one length occurs, [rows, sequences]; all zeros for lengths that do not count.
    private static string Counts(
        ExpansionContext context, string x, int rows, int words, int length, Func<int, Tensor> wordsAt)
    {
        int grams = wordsAt(0).Count;
        string? sum = null;
        bool counts = length >= context.Node.Int("min_gram_length", 1) && length <= context.Node.Int("max_gram_length", 1);
        long distances = length == 1 ? 1 : Math.Min(context.Node.Int("max_skip_count", 0), words) + 1;
        if (counts && Math.Min(distances, words / Math.Max(length - 1, 1)) * length > MostComparisons)
            throw context.Unsupported($"TfIdfVectorizer of at most {MostComparisons} words and distances");
        for (long distance = 1; counts && distance <= distances && (length - 1) * distance < words; distance++)
        {
            long places = words - ((length - 1) * distance);
            string? match = null;
            for (int i = 0; i < length; i++)
            {
                string equal = context.Add("Equal", context.Slice(x, 1, i * distance, (i * distance) + places), context.Add(wordsAt(i)));
                match = match is null ? equal : context.Add("And", match, equal);
            }
            string occurs = context.Reduce("ReduceSum", context.Cast(match!, ElementType.Float32), [1L], keep: false);
            sum = sum is null ? occurs : context.Add("Add", sum, occurs);
        }
        return sum ?? context.Add(Tensor.Zeros(TensorType.Float32(rows, grams)));
    }

    // The words at one position of all sequences.
    private static Tensor Words(string[]? texts, long[]? numbers, bool isText, long start, int length, int grams, int position)
    {
        IEnumerable<long> places = Enumerable.Range(0, grams).Select(g => start + ((long)g * length) + position);
        return isText ? Tensor.Of([.. places.Select(p => texts![p])], grams) : Tensor.Of([.. places.Select(p => numbers![p])], grams);
    }
}
