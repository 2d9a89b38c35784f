using System.Globalization;
using OptimizerBuild.Compression;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Lowering;
using OptimizerBuild.Operators.Numerics;
using OptimizerBuild.Passes;

namespace OptimizerBuild.Operators;

/// <summary>
/// Every operator in all combinations of element types that its form allows: the plan, with all inputs known only at run time where
/// shapes allow it, against the reference.
/// </summary>
public sealed class ElementTypeTests
{
    public static TheoryData<string> Operators => [.. OperatorExamples.All.Where(e => e.Inputs.Length > 0)
        .Select(e => e.OpType).Distinct()];

    [Theory]
    [MemberData(nameof(Operators))]
    public void PlansComputeInEveryTypeWhatTheReferenceComputes(string opType)
    {
        OperatorForm form = OperatorSchema.Of(OperatorRegistry.Of(new Node("", opType, [], []))).Newest;
        int run = 0;
        var refused = new SortedSet<string>(StringComparer.Ordinal);
        foreach (OperatorExample example in OperatorExamples.All.Where(e => e.OpType == opType))
        {
            foreach (ElementType[] types in Combinations(form, example.Inputs.Length))
            {
                Tensor?[] inputs = [.. example.Inputs.Select((x, i) => Convert(x, types[i]))];
                if (inputs.Contains(null))
                    continue;
                string what = $"{opType}({string.Join(", ", types)})";
                if (Compare(example, [.. inputs.Select(i => i!)], refused) is not { } difference)
                    continue;
                run++;
                Assert.True(difference.Length == 0, $"{what}: {difference}");
            }
        }
        // Some operators vanish in every import: their results follow from types or must be constants.
        bool folds = OperatorRegistry.Of(new Node("", opType, [], [])) is IFoldsFromTypes || refused.Count > 0;
        Assert.True(run > 0 || folds, "nothing was run");
        Assert.All(refused, code => Assert.Contains(code, (string[])["OPT0004", "OPT0005", "OPT0007", "OPT0009", "OPT0029"]));
    }

    // The difference, empty where there is none; null where the import refuses the types.
    private static string? Compare(OperatorExample example, Tensor[] inputs, SortedSet<string> refused)
    {
        // Shapes, axes and the like must be constants: first all inputs vary, then the last ones do not.
        for (int variables = inputs.Length; variables > 0; variables--)
        {
            Graph graph;
            LoweredModel lowered;
            try
            {
                graph = example.Model(inputs, variables).Import();
                if (graph.Nodes.Length == 0)
                    return null;
                lowered = GraphLowerer.Lower(new CompressedModel(PassPipeline.Run(graph)), new BoundaryOptions { ClassName = "Types" });
            }
            catch (ModelException e)
            {
                refused.Add(e.Diagnostic.Descriptor.Code);
                if (e.Diagnostic.Descriptor == DiagnosticCatalog.DataDependentShape)
                    continue;
                return null;
            }
            Tensor[] given = [.. graph.Inputs.Select(name => inputs[int.Parse(name.AsSpan(1), CultureInfo.InvariantCulture)])];
            Tensor[] expected = new GraphEvaluator(graph).Evaluate(given), actual = Plans.Execute(lowered).Run(given);
            for (int i = 0; i < expected.Length; i++)
            {
                double tolerance = expected[i].Element switch
                {
                    ElementType.Float32 or ElementType.Float64 => 1e-5,
                    ElementType.Float16 => 2e-3,
                    ElementType.BFloat16 => 0.01,
                    _ => 0,
                };
                if (TensorComparison.Difference(expected[i], actual[i], tolerance, tolerance) is { } difference)
                    return $"output {i}, {variables} inputs at run time: {difference}";
            }
            return "";
        }
        return null;
    }

    // Inputs that share a variable have one type, others each of theirs.
    private static IEnumerable<ElementType[]> Combinations(OperatorForm form, int count)
    {
        string[] variables = [.. Enumerable.Range(0, count).Select(i => form.Input(i)!.Variable ?? i.ToString(
            System.Globalization.CultureInfo.InvariantCulture))];
        string[] distinct = [.. variables.Distinct()];
        ElementType[][] choices = [.. distinct.Select(v =>
            Enum.GetValues<ElementType>().Where(t => form.Input(Array.IndexOf(variables, v))!.Types.Contains(t)).ToArray())];
        int total = choices.Aggregate(1, (product, c) => product * c.Length);
        for (int i = 0; i < total; i++)
        {
            int rest = i;
            var chosen = new ElementType[distinct.Length];
            for (int k = 0; k < distinct.Length; k++)
                (chosen[k], rest) = (choices[k][rest % choices[k].Length], rest / choices[k].Length);
            yield return [.. variables.Select(v => chosen[Array.IndexOf(distinct, v)])];
        }
    }

    private static Tensor? Convert(Tensor x, ElementType type) => x.Element == type ? x
        : x.Element == ElementType.String || type == ElementType.String ? null : NumericCast.Convert(x, type);
}
