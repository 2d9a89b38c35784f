using OptimizerBuild.Evaluation;
using OptimizerBuild.Graphs;
using OptimizerBuild.Models.Harness;
using OptimizerBuild.Onnx;
using OptimizerBuild.Onnx.Schema;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Lookup;
using OptimizerBuild.Options;
using OptimizerBuild.Pipeline;
using OptimizerBuild.Plan;

namespace OptimizerBuild.Models.Predictors;

/// <summary>
/// A classifier as scikit-learn's exporters write it: a feature that is text, the label as text, and scores in a ZipMap. From the file to
/// the generated code, whose outputs are compared with the reference on the model itself.
/// </summary>
public sealed class StringModelTests : IDisposable
{
    private static readonly string[] Labels = ["setosa", "versi\"color", "virginica"];

    private readonly string _folder = Directory.CreateTempSubdirectory("ob-strings-").FullName;

    [Fact]
    public void TextsGoInAndComeOut()
    {
        CompilationOutcome outcome = ModelCompiler.Compile(Options(), CancellationToken.None);
        Assert.Equal(["color", "sizes"], outcome.Plan.Inputs.Select(i => i.OnnxName));
        Assert.Equal([BoundaryType.String, BoundaryType.Float32], outcome.Plan.Inputs.Select(i => i.Type));
        Assert.Equal([BoundaryType.String, BoundaryType.Float32], outcome.Plan.Outputs.Select(o => o.Type));
        Assert.Equal(Labels, outcome.Plan.Classifier!.Labels);
        Assert.Equal(1, outcome.Plan.Classifier.Output);
        Assert.True(outcome.Plan.Classifier.ScoresAreProbabilities);

        var reference = new GraphEvaluator(OnnxImporter.Import(Options().ModelPath, ImportOptions.Default).Graph);
        var executor = new PlanExecutor(outcome.Plan, outcome.Weights);
        using GeneratedModels generated = GeneratedModels.Compile(new PlannedModel(outcome.Plan, outcome.Weights));
        var seen = new HashSet<string>();
        var random = new Random(3);
        for (int sample = 0; sample < 40; sample++)
        {
            string color = ((string[])["red", "blue", "green", "RED"])[sample % 4];
            float[] sizes = [.. Enumerable.Range(0, 3).Select(_ => (random.NextSingle() * 4) - 2)];
            Tensor[] inputs = [Tensor.Of([color], 1), Tensor.Of(sizes, 1, 3)];
            Tensor[] expected = reference.Evaluate(inputs);
            Tensor[] actual = generated.Run(0, inputs);
            Assert.Equal(expected[0].Values<string>(), actual[0].Values<string>());
            Assert.All(expected[1].Values<float>().Zip(actual[1].Values<float>()), p => Assert.Equal(p.First, p.Second, 1e-5f));
            Tensor[] planned = executor.Run(inputs);
            Assert.Equal(planned[0].Data, actual[0].Data);
            Assert.Equal(planned[1].Data, actual[1].Data);
            seen.Add(actual[0].Values<string>()[0]);
            if (sample == 20)
                generated.WarmUp(0);
        }
        Assert.Equal(Labels.Order(), seen.Order());
    }

    [Fact]
    public void TheSignatureOfADesignTimeBuildIsTheSame()
    {
        ModelPlan signature = ModelCompiler.DescribeSignature(Options());
        ModelPlan plan = ModelCompiler.Compile(Options(), CancellationToken.None).Plan;
        Assert.Equal(plan.Inputs.Select(i => i with { Binding = null }), signature.Inputs);
        Assert.Equal(plan.Outputs.Select(o => o with { Offset = 0 }), signature.Outputs);
        Assert.Equal(plan.Classifier, signature.Classifier);
        Assert.Equal(signature, PlanReader.Read(PlanWriter.Write(signature)).Plan);
    }

    [Fact]
    public void LabelsOfTheItemAndOtherTasksComeFirst()
    {
        File.WriteAllText(Path.Combine(_folder, "labels.txt"), "a\nb\nc\n");
        Assert.Equal(["a", "b", "c"],
            ModelCompiler.DescribeSignature(Options() with { LabelsPath = Path.Combine(_folder, "labels.txt") }).Classifier!.Labels);
        Assert.Null(ModelCompiler.DescribeSignature(Options() with { Task = ModelTask.Other }).Classifier);
    }

    [Fact]
    public void TheExportedModelIsTheSame()
    {
        CompilationOutcome outcome = ModelCompiler.Compile(Options() with { ExportOnnx = true }, CancellationToken.None);
        var exported = new GraphEvaluator(OnnxImporter.Import(outcome.QdqModel!, "exported.onnx", ImportOptions.Default).Graph);
        var executor = new PlanExecutor(outcome.Plan, outcome.Weights);
        foreach (string color in (string[])["red", "blue", "?"])
        {
            Tensor[] inputs = [Tensor.Of([color], 1), Tensor.Of([0.5f, -1f, 1.5f], 1, 3)];
            Tensor[] expected = executor.Run(inputs);
            Tensor[] actual = exported.Evaluate(inputs);
            Assert.Equal(expected[0].Data, actual[0].Data);
            Assert.All(expected[1].Values<float>().Zip(actual[1].Values<float>()), p => Assert.Equal(p.First, p.Second, 1e-5f));
        }
    }

    /// <inheritdoc/>
    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private ModelOptions Options()
    {
        string path = Path.Combine(_folder, "flowers.onnx");
        if (!File.Exists(path))
            File.WriteAllBytes(path, Model().Bytes);
        return new()
        {
            ModelPath = path, Name = "flowers", ClassName = "Flowers", Namespace = "Generated", IsPublic = true,
            Precision = ModelPrecision.Float32,
        };
    }

    private static ModelBuilder Model()
    {
        ModelBuilder model = new ModelBuilder()
            .Input("color", ElementType.String, 1).Input("sizes", 1, 3)
            .Constant("shape", Tensor.Of([1L, 1], 2)).Constant("b", Tensor.Of([0.1f, 0.2f, 0.05f], 3))
            .Constant("w", Tensor.Of([1f, -1f, 0.5f, 0.25f, 1f, -1f, -1f, 0.5f, 1f, 0.5f, -0.5f, 0f], 4, 3));
        model.Model.OpsetImport.Add(new OperatorSetIdProto { Domain = LabelEncoderOperator.MlDomain, Version = 2 });
        Add("LabelEncoder", "color", "code", ("keys_strings", (string[])["red", "blue"]), ("values_floats", (float[])[1f, -1f]),
            ("default_float", 0f));
        model.Node("Reshape", "code,shape", "column").Node("Concat", "column,sizes", "x", ("axis", 1)).Node("Gemm", "x,w,b", "scores")
            .Node("Softmax", "scores", "p").Node("ArgMax", "p", "best", ("axis", 1), ("keepdims", 0));
        Add("LabelEncoder", "best", "label", ("keys_int64s", (long[])[0, 1, 2]), ("values_strings", Labels));
        Add("ZipMap", "p", "probabilities", ("classlabels_strings", Labels));
        return model.Output("label", "probabilities");

        void Add(string opType, string input, string output, params (string, object)[] attributes)
        {
            NodeProto node = ModelBuilder.NewNode(opType, input, output, attributes);
            node.Domain = LabelEncoderOperator.MlDomain;
            model.Model.Graph.Node.Add(node);
        }
    }
}
