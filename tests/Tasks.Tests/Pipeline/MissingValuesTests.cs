using OptimizerBuild.Data;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Evaluation;
using OptimizerBuild.Graphs;
using OptimizerBuild.Onnx;
using OptimizerBuild.Onnx.Schema;
using OptimizerBuild.Operators;
using OptimizerBuild.Options;

namespace OptimizerBuild.Pipeline;

/// <summary>Data with missing values: models that take them, and models that would make no number of them.</summary>
public sealed class MissingValuesTests : IDisposable
{
    private const int Samples = 24;
    private readonly DataFiles _files = new();

    public void Dispose() => _files.Dispose();

    [Theory]
    [InlineData(nameof(ModelPrecision.Auto))]
    [InlineData(nameof(ModelPrecision.Int8))]
    [InlineData(nameof(ModelPrecision.Float32))]
    public void TreesBehindAScalingTakeThem(string precision)
    {
        ModelBuilder model = Trees(m => m.Constant("s", Tensor.Of([2f, 3, 4], 1, 3)).Node("Mul", "x,s", "scaled"), "scaled");
        float[] rows = Write(model);
        CompilationOutcome outcome = ModelCompiler.Compile(Options(Enum.Parse<ModelPrecision>(precision)), default);

        Assert.Equal(Samples, outcome.Plan.Facts.Samples);
        Assert.InRange(outcome.Plan.Facts.CompressedMetric!.Value, 0.99, 1.01);
        var executor = new PlanExecutor(outcome.Plan, outcome.Weights);
        var evaluator = new GraphEvaluator(model.Import());
        for (int i = 0; i < Samples; i++)
        {
            Tensor x = Tensor.Of(rows[(3 * i)..(3 * (i + 1))], 1, 3);
            float expected = evaluator.Evaluate([x])[0].Values<float>()[0];
            Assert.InRange(executor.Run([x])[0].Values<float>()[0], expected - 1e-3, expected + 1e-3);
        }
    }

    [Fact]
    public void AnImputerReplacesThem()
    {
        ModelBuilder model = new ModelBuilder(17).Input("x", 1, 3)
            .Node("Imputer", "x", "whole", ("imputed_value_floats", (float[])[1, 2, 3]), ("replaced_value_float", float.NaN))
            .Constant("w", Tensor.Of([1f, 2, 3], 3, 1)).Node("MatMul", "whole,w", "y").Output("y");
        model.Model.OpsetImport.Add(new OperatorSetIdProto { Domain = "ai.onnx.ml", Version = 3 });
        model.Model.Graph.Node[0].Domain = "ai.onnx.ml";
        Write(model);
        Assert.Equal(Samples, ModelCompiler.Compile(Options(ModelPrecision.Auto), default).Plan.Facts.Samples);
    }

    [Fact]
    public void WhateverAddsThemUpDoesNot()
    {
        // The trees alone would take them; and a class is a number also where scores are none.
        Refused(Trees(m => m.Constant("w", Tensor.Of([1f, 2, 3, 4, 5, 6, 7, 8, 9], 3, 3)).Node("MatMul", "x,w", "mixed"), "mixed"),
            "MatMul");
        Refused(new ModelBuilder(17).Input("x", 1, 3).Node("ArgMax", "x", "y", ("axis", 1), ("keepdims", 0)).Output("y"), "ArgMax");
        Refused(new ModelBuilder(17).Input("x", 1, 3).Node("Neg", "x", "y").Output("y"), "the output 'y'");

        void Refused(ModelBuilder model, string by)
        {
            Write(model);
            ModelException error = Assert.Throws<ModelException>(() => ModelCompiler.Compile(Options(ModelPrecision.Auto), default));
            Assert.Equal("OPT0011", error.Diagnostic.Descriptor.Code);
            Assert.Contains(by, error.Message, StringComparison.Ordinal);
            Assert.Contains("found NaN at position 7", error.Message, StringComparison.Ordinal);
        }
    }

    // Two trees that send missing values to different sides.
    private static ModelBuilder Trees(Func<ModelBuilder, ModelBuilder> before, string features)
    {
        ModelBuilder model = before(new ModelBuilder(17).Input("x", 1, 3)).Node("TreeEnsembleRegressor", features, "y",
            ("nodes_treeids", (long[])[0, 0, 0, 1, 1, 1]), ("nodes_nodeids", (long[])[0, 1, 2, 0, 1, 2]),
            ("nodes_featureids", (long[])[1, 0, 0, 2, 0, 0]),
            ("nodes_modes", (string[])["BRANCH_LEQ", "LEAF", "LEAF", "BRANCH_LT", "LEAF", "LEAF"]),
            ("nodes_values", (float[])[0.5f, 0, 0, 2, 0, 0]), ("nodes_truenodeids", (long[])[1, 0, 0, 1, 0, 0]),
            ("nodes_falsenodeids", (long[])[2, 0, 0, 2, 0, 0]), ("nodes_missing_value_tracks_true", (long[])[1, 0, 0, 0, 0, 0]),
            ("target_treeids", (long[])[0, 0, 1, 1]), ("target_nodeids", (long[])[1, 2, 1, 2]), ("target_ids", (long[])[0, 0, 0, 0]),
            ("target_weights", (float[])[1, 2, 10, 20]), ("n_targets", 1)).Output("y");
        model.Model.OpsetImport.Add(new OperatorSetIdProto { Domain = "ai.onnx.ml", Version = 3 });
        model.Model.Graph.Node[^1].Domain = "ai.onnx.ml";
        return model;
    }

    private float[] Write(ModelBuilder model)
    {
        float[] rows = [.. Enumerable.Range(0, Samples * 3).Select(i => i % 8 == 7 ? float.NaN : (i * 37 % 11 / 4f) - 1)];
        _files.Write("m.onnx", model.Bytes);
        _files.Write("x.npy", DataFiles.Npy(rows, "<f4", $"({Samples}, 3)"));
        return rows;
    }

    private ModelOptions Options(ModelPrecision precision) => new()
    {
        ModelPath = Path.Combine(_files.Folder, "m.onnx"),
        Name = "m",
        ClassName = "M",
        Precision = precision,
        EvaluationData = new DataSpec("x.npy", _files.Folder),
    };
}
