using System.Globalization;
using System.Text;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Onnx;
using OptimizerBuild.Onnx.Opsets;
using OptimizerBuild.Onnx.Schema;
using OptimizerBuild.Testing;

namespace OptimizerBuild.Operators;

/// <summary>
/// The ONNX backend test suite through the importer and the reference evaluator. A test counts as supported when all its
/// operators are; values that a node needs at build time (shapes, axes, a condition) are taken from the test's inputs.
/// </summary>
public sealed class BackendConformanceTests
{
    private const string FormReason = "form ";

    /// <summary>
    /// What passes, what fails and what is left out, for which reasons, is what the file of the suite says. <c>UPDATE_BASELINES=1</c>
    /// writes it.
    /// </summary>
    [Theory]
    [InlineData("node")]
    [InlineData("simple")]
    [InlineData("pytorch-operator")]
    [InlineData("pytorch-converted")]
    public void Passes_the_tests_of_supported_operators(string suite)
    {
        SharedAssets.Require();
        int passed = 0;
        var leftOut = new SortedDictionary<string, int>(StringComparer.Ordinal);
        var failures = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (BackendTest test in BackendSuite.Tests(suite))
        {
            try
            {
                if (Run(test) is { } failure)
                    failures.Add(test.Name, failure);
                else
                    passed++;
            }
            catch (ModelException e) when (e.Diagnostic.Descriptor == DiagnosticCatalog.UnsupportedOperator
                || e.Diagnostic.Descriptor == DiagnosticCatalog.UnsupportedElementType)
            {
                string reason = Reason(test, e.Diagnostic);
                leftOut[reason] = leftOut.GetValueOrDefault(reason) + 1;
            }
            catch (ModelException e)
            {
                failures.Add(test.Name, e.Diagnostic.Descriptor.Code);
            }
        }

        string report = string.Join('\n', failures.Select(f => $"{f.Key}: {f.Value}"));
        Assert.True(passed > 0, "nothing passed");
        Assert.True(passed >= 0.97 * (passed + failures.Count), report);
        // Forms that are left out on purpose: training.
        Assert.All(leftOut.Keys.Where(r => r.StartsWith(FormReason, StringComparison.Ordinal)), r => Assert.Matches("in inference", r));

        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"{passed} pass, {failures.Count} fail, {leftOut.Values.Sum()} are left out\n");
        foreach (string name in failures.Keys)
            text.Append(CultureInfo.InvariantCulture, $"fails: {name}\n");
        foreach ((string reason, int count) in leftOut)
            text.Append(CultureInfo.InvariantCulture, $"left out: {reason}: {count}\n");
        Baseline.Compare($"tests/Tasks.Tests/Operators/Baselines/{suite}.txt", text.ToString());
    }

    // Operators of the model that the build does not know; else the form of a known one, without the node's name, or the type.
    private static string Reason(BackendTest test, Diagnostic diagnostic)
    {
        ModelProto model = ModelProto.Parser.ParseFrom(File.ReadAllBytes(test.ModelPath));
        string[] unknown =
        [
            .. model.Graph.Node.Concat(model.Functions.SelectMany(f => f.Node)).SelectMany(WithBodies)
                .Where(n => !OpsetNormalization.IsKnown(n.Domain, n.OpType)
                    && !model.Functions.Any(f => f.Name == n.OpType && f.Domain == n.Domain))
                .Select(n => n.Domain.Length == 0 ? n.OpType : $"{n.Domain}.{n.OpType}").Distinct().Order(StringComparer.Ordinal),
        ];
        if (diagnostic.Descriptor == DiagnosticCatalog.UnsupportedElementType)
            return "type " + diagnostic.Text[(diagnostic.Text.IndexOf("is of type ", StringComparison.Ordinal) + 11)..];
        return unknown.Length > 0 ? "operator " + string.Join(", ", unknown)
            : FormReason + diagnostic.Text[(diagnostic.Text.IndexOf("uses operator ", StringComparison.Ordinal) + 14)..];
    }

    private static IEnumerable<NodeProto> WithBodies(NodeProto node) =>
        [node, .. node.Attribute.Where(a => a.G is not null).SelectMany(a => a.G.Node).SelectMany(WithBodies)];

    private static string? Run(BackendTest test)
    {
        ModelProto model = ModelProto.Parser.ParseFrom(File.ReadAllBytes(test.ModelPath));
        foreach (BackendDataSet set in test.DataSets)
        {
            HashSet<string> needed = [];
            while (true)
            {
                ImportOptions options = ImportOptions.Default;
                ValueInfoProto[] given =
                    [.. model.Graph.Input.Where(i => model.Graph.Initializer.All(constant => constant.Name != i.Name))];
                string[] names = [.. given.Where(i => i.Type.TensorType is not null).Select(i => i.Name)];
                var inputs = new List<Tensor>();
                foreach ((ValueInfoProto info, string path) in given.Zip(set.Inputs))
                {
                    IReadOnlyList<(string Name, Tensor? Value)> tensors = BackendValue.Read(info, path);
                    if (needed.Contains(info.Name))
                    {
                        options = options.WithConstant(info.Name, tensors[0].Value!);
                        continue;
                    }
                    inputs.AddRange(tensors.Select(t => t.Value).OfType<Tensor>());
                    options = BackendValue.Bind(options, tensors);
                }
                Graph graph;
                try
                {
                    graph = OnnxImporter.Import(test.ModelPath, options).Graph;
                }
                catch (ModelException e) when (needed.Count < names.Length && IsForConstants(e))
                {
                    // The next input in turn becomes a constant, the last ones first: data comes before shapes and indices.
                    needed.Add(names.Last(n => !needed.Contains(n)));
                    continue;
                }
                Tensor[] outputs = new GraphEvaluator(graph).Evaluate(inputs);
                Tensor[] expected = BackendValue.ReadOutputs(model.Graph.Output, set.Outputs);
                outputs = BoundedOutputs.Cut(graph.Outputs, outputs, expected);
                if (outputs.Length != expected.Length)
                    return $"{outputs.Length} outputs instead of {expected.Length}";
                for (int i = 0; i < outputs.Length; i++)
                    if (TensorComparison.Difference(expected[i], outputs[i], 1e-3, 1e-6) is { } difference)
                        return $"output {i}: {difference}";
                break;
            }
        }
        return null;
    }

    // A shape, position, condition or text that the test passes in as an input.
    private static bool IsForConstants(ModelException e) => e.Diagnostic.Descriptor == DiagnosticCatalog.DataDependentShape
        || e.Diagnostic.Descriptor == DiagnosticCatalog.DataDependentStructure || e.Diagnostic.Descriptor == DiagnosticCatalog.UnknownText;
}
