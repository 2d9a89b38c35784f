using System.Globalization;
using System.Text;
using OptimizerBuild.Graphs;
using OptimizerBuild.Onnx;
using OptimizerBuild.Operators;

namespace OptimizerBuild.Models.Conformance;

/// <summary>
/// Writes <c>docs/operators.md</c> from the results of the conformance run and from what the build knows of its operators.
/// </summary>
internal static class OperatorDocument
{
    // What a reader must know of an operator beyond opsets and types; the operators' documentation comments say more.
    private static readonly Dictionary<string, string> Notes = new(StringComparer.Ordinal)
    {
        ["Conv"] = "1 to 3 spatial dimensions, groups, dilation, strides, auto_pad; constant or computed weights",
        ["MaxPool"] = "1 to 3 spatial dimensions, dilation, ceil_mode, auto_pad, Indices, storage_order",
        ["AveragePool"] = "1 to 3 spatial dimensions, dilation, ceil_mode, auto_pad, count_include_pad",
        ["BatchNormalization"] = "inference; constant or computed parameters",
        ["Dropout"] = "inference, or with a ratio of 0; with mask",
        ["Gemm"] = "transA, transB, alpha, beta; constant or computed factors",
        ["MatMul"] = "any rank, broadcast batches; constant or computed factors",
        ["Pad"] = "constant, reflect, edge, wrap; pads and axes constant",
        ["Slice"] = "negative steps; starts, ends, axes, steps constant",
        ["Reshape"] = "shape constant or foldable",
        ["Expand"] = "shape constant or foldable",
        ["ConstantOfShape"] = "shape constant or foldable",
        ["Squeeze"] = "axes constant",
        ["Unsqueeze"] = "axes constant",
        ["Split"] = "lengths constant",
        ["ReduceMean"] = "axes constant",
        ["ReduceMax"] = "axes constant",
        ["ReduceSum"] = "axes constant",
        ["RegexFullMatch"] = "RE2's syntax but for \\p and \\C",
        ["StringSplit"] = "with maxsplit, or of constant strings",
        ["StringNormalizer"] = "by the rules of no language",
        ["LabelEncoder"] = "of `ai.onnx.ml`; keys and values string, int16, int32, int64, float, double",
        ["ZipMap"] = "of `ai.onnx.ml`; its scores are the output, its labels those of the classifier",
        ["SequenceAt"] = "position constant",
        ["SequenceInsert"] = "position constant",
        ["SequenceErase"] = "position constant",
        ["SplitToSequence"] = "lengths constant",
        ["Gather"] = "any axis; indices int32, int64, uint8; an index outside gives zeros",
        ["Shape"] = "folded at build time, as every shape is known then",
        ["Constant"] = "folded at build time",
        ["Cast"] = "all pairs of the element types, those of 16 bits and fewer included, and text; saturate, round_mode; real to integer "
            + "saturates, NaN gives 0",
        ["LayerNormalization"] = "in integers where its statistics are no outputs",
        ["Resize"] = "all modes; linear and cubic in integers, too",
        ["Pow"] = "exponents of any numeric type",
        ["Clip"] = "constant or computed bounds",
    };

    private const string Introduction = """
        That many tests of the ONNX backend suite, of those that ONNX Runtime passes, give the right results through the generated float32
        code: import, passes, lowering, plan, generator, compiler, execution, comparison with the suite's tolerances. This page is
        written by `tests/Models.Tests` (`ConformanceTests`, with `UPDATE_BASELINES=1`); do not edit it.

        Each row is an operator with what the generated code supports, the integer form that quantisation gives it, and its tests. A test
        of several operators counts for each. Inputs that decide on shapes or positions are constants, as they are in models of
        applications: {0} of the tests that pass have such inputs. Sequences and
        optional values are resolved when a model is imported:
        operators on them are no steps of a predictor. Each test that fails is named below with the reason.


        """;

    /// <summary>The document.</summary>
    /// <param name="results">The results of all tests.</param>
    public static string Render(IReadOnlyList<ConformanceResult> results)
    {
        var text = new StringBuilder();
        ILookup<string, ConformanceResult> tests = results.ToLookup(r => r.Case.Test.ToString());
        int passed = tests.Count(t => t.All(r => r.Failure is null));
        text.Append("# Operators\n\n").Append(
            CultureInfo.InvariantCulture, $"Conformance: {passed} of {tests.Count} ({100.0 * passed / tests.Count:0.0} %)\n\n");
        int bound = tests.Count(t => t.All(r => r.Failure is null) && t.Any(r => r.Case.Fixed.Count > 0));
        text.Append(string.Format(CultureInfo.InvariantCulture, Introduction, bound).ReplaceLineEndings("\n"));
        Table(text, results);
        text.Append("## Tests that fail\n\n");
        foreach (IGrouping<string, ConformanceResult> test in tests)
            if (test.Select(r => r.Failure).FirstOrDefault(f => f is not null) is { } failure)
                text.Append("- `").Append(test.Key).Append("`: ").Append(failure.ReplaceLineEndings(" ")).Append('\n');
        if (passed == tests.Count)
            text.Append("None.\n");
        return text.ToString();
    }

    private static void Table(StringBuilder text, IReadOnlyList<ConformanceResult> results)
    {
        text.Append("| operator | opsets tested | element types | forms | integer form | passed |\n|---|---|---|---|---|---|\n");
        foreach (string op in ConformanceCase.Operators)
        {
            ConformanceResult[] own = [.. results.Where(r => r.Case.Belongs.Contains(op))];
            ConformanceResult[] good = [.. own.Where(r => r.Failure is null)];
            text.Append("| ").Append(op).Append(" | ").Append(Opsets(good)).Append(" | ").Append(Types(good)).Append(" | ");
            text.Append(Notes.GetValueOrDefault(op, "")).Append(" | ").Append(IntegerFormOf(op, good)).Append(" | ");
            text.Append(CultureInfo.InvariantCulture, $"{good.Length}/{own.Length} |\n");
        }
        text.Append('\n');
    }

    private static string Opsets(ConformanceResult[] good)
    {
        long[] opsets = [.. good.Select(r => r.Case.Opset).Distinct().Order()];
        return opsets.Length == 0 ? "" : opsets.Length == 1 ? opsets[0].ToString(
            CultureInfo.InvariantCulture) : FormattableString.Invariant($"{opsets[0]}–{opsets[^1]}");
    }

    private static string Types(ConformanceResult[] good) =>
        string.Join(", ", good.SelectMany(r => r.Case.InputElements).Distinct().Order().Select(e => e.ToString().ToLowerInvariant()));

    // The form for constant weights and parameters: all inputs but the first are fixed for the question.
    private static string IntegerFormOf(string op, ConformanceResult[] good)
    {
        IntegerForm best = IntegerForm.None;
        foreach (ConformanceResult result in good.Where(r => r.Case.Belongs.Count == 1))
        {
            Graph graph = OnnxImporter.Import(result.Case.Test.ModelPath, result.Case.Options(allFixed: true)).Graph;
            foreach (Node node in graph.Nodes.Where(n => n.OpType == op))
            {
                IntegerForm form = OperatorRegistry.Of(node).IntegerForm(OperatorContext.Of(graph, node));
                if (form != IntegerForm.None && (best == IntegerForm.None || form < best))
                    best = form;
            }
        }
        return best switch
        {
            IntegerForm.None => "float32",
            IntegerForm.DotProduct => "dot product",
            IntegerForm.Product => "product",
            IntegerForm.Table => "table",
            IntegerForm.Rescale => "rescaling",
            IntegerForm.SameScale => "same scale",
            IntegerForm.Recurrent => "recurrent",
            IntegerForm.Levels => "levels",
            _ => "fixed point",
        };
    }
}
