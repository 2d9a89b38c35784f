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
public sealed class BackendConformanceTests(ITestOutputHelper output)
{

    [Theory]
    [InlineData("node")]
    [InlineData("simple")]
    [InlineData("pytorch-operator")]
    [InlineData("pytorch-converted")]
    public void Passes_the_tests_of_supported_operators(string suite)
    {
        SharedAssets.Require();
        int passed = 0;
        var forms = new SortedSet<string>(StringComparer.Ordinal);
        int unsupported = 0;
        var failures = new List<string>();
        foreach (BackendTest test in BackendSuite.Tests(suite))
        {
            string? failure;
            try
            {
                failure = Run(test);
            }
            catch (ModelException e) when (e.Diagnostic.Descriptor == DiagnosticCatalog.UnsupportedOperator
                || e.Diagnostic.Descriptor == DiagnosticCatalog.UnsupportedElementType)
            {
                if (e.Diagnostic.Descriptor == DiagnosticCatalog.UnsupportedOperator && HasOnlyKnownOperators(test))
                    forms.Add($"{test.Name}: {e.Diagnostic.Text}");
                unsupported++;
                continue;
            }
            catch (ModelException e)
            {
                failure = e.Message;
            }
            if (failure is null)
                passed++;
            else
                failures.Add($"{test.Name}: {failure}");
        }

        var report = new StringBuilder(
            $"{suite}: {passed} passed, {failures.Count} failed, {unsupported} not supported, {forms.Count} of them in form only\n");
        foreach (string form in forms)
            report.Append("  form ").AppendLine(form);
        foreach (string failure in failures)
            report.Append("  failed ").AppendLine(failure);
        output.WriteLine(report.ToString());
        Assert.True(passed > 0, "nothing passed");
        Assert.True(passed >= 0.97 * (passed + failures.Count), report.ToString());
        // Forms that are left out on purpose: training.
        Assert.All(forms, f => Assert.Matches("in inference", f));
    }

    private static bool HasOnlyKnownOperators(BackendTest test)
    {
        ModelProto model = ModelProto.Parser.ParseFrom(File.ReadAllBytes(test.ModelPath));
        return model.Graph.Node.Concat(model.Functions.SelectMany(f => f.Node)).All(n =>
            OpsetNormalization.IsKnown(n.Domain, n.OpType) || model.Functions.Any(f => f.Name == n.OpType && f.Domain == n.Domain));
    }

    private static string? Run(BackendTest test)
    {
        ModelProto model = ModelProto.Parser.ParseFrom(File.ReadAllBytes(test.ModelPath));
        if (model.Graph.Input.FirstOrDefault(i => i.Type.TensorType is null) is { } other)
            throw new ModelException(DiagnosticCatalog.UnsupportedElementType, other.Name, other.Type.ValueCase, "inputs must be tensors");
        foreach (BackendDataSet set in test.DataSets)
        {
            HashSet<string> needed = [];
            while (true)
            {
                ImportOptions options = ImportOptions.Default;
                string[] names = [.. model.Graph.Input.Select(i => i.Name).Except(model.Graph.Initializer.Select(i => i.Name))];
                var inputs = new List<Tensor>();
                for (int i = 0; i < Math.Min(names.Length, set.Inputs.Count); i++)
                {
                    Tensor value = TensorProtoReader.Read(set.Inputs[i]);
                    if (needed.Contains(names[i]))
                        options = options.WithConstant(names[i], value);
                    else
                        inputs.Add(value);
                    if (!needed.Contains(names[i]))
                        options = options.WithShape(names[i], value.Dimensions.AsSpan());
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
                for (int i = 0; i < outputs.Length; i++)
                    if (TensorComparison.Difference(TensorProtoReader.Read(set.Outputs[i]), outputs[i], 1e-3, 1e-6) is { } difference)
                        return $"output {i}: {difference}";
                break;
            }
        }
        return null;
    }

    // A shape or condition that the test passes in as an input.
    private static bool IsForConstants(ModelException e) =>
        e.Diagnostic.Descriptor == DiagnosticCatalog.DataDependentShape
        || (e.Diagnostic.Descriptor == DiagnosticCatalog.UnsupportedOperator
            && e.Diagnostic.Text.Contains("If whose condition is constant", StringComparison.Ordinal));
}
