using Microsoft.Build.Framework;
using Microsoft.Build.Utilities;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Harness;
using OptimizerBuild.Onnx;
using OptimizerBuild.Pipeline;
using OptimizerBuild.Plan;
using OptimizerBuild.Reporting;

namespace OptimizerBuild.Build;

public sealed class CompressModelTests : IDisposable
{
    private readonly TemporaryFolder _project = new();
    private readonly RecordingBuildEngine _engine = new();
    private int _compilations;

    public CompressModelTests()
    {
        File.WriteAllText(_project["m.onnx"], "model");
        File.WriteAllText(_project["e.npz"], "data");
    }

    public void Dispose() => _project.Dispose();

    [Fact]
    public void WritesPlanWeightsReportAndSummary()
    {
        Assert.True(Run());

        string[] files = [.. Directory.EnumerateFiles(Output("")).Select(f => Path.GetFileName(f)!).Order(StringComparer.Ordinal)];
        Assert.Equal(["m.external", "m.options", "m.plan", "m.report.json", "m.weights"], files);
        Assert.Equal("My.App", PlanReader.Read(File.ReadAllText(Output("m.plan"))).Plan!.Namespace);
        Assert.Equal(100, File.ReadAllBytes(Output("m.weights")).Length);
        ModelReport report = ModelReport.TryParse(File.ReadAllText(Output("m.report.json")))!;
        Assert.Equal((456, 400, 100, 128, 1000, 0.9),
            (report.SourceBytes, report.FloatWeightBytes, report.WeightBytes, report.ScratchBytes, report.Macs, report.IntegerMacShare));
        Assert.InRange(report.LargestLiveSetBytes, 0, report.ScratchBytes);
        Assert.Contains(_engine.Messages, m => m.Importance == MessageImportance.High
            && m.Message == "m: 400 bytes → 100 bytes (4.0×), Top-1 92.3 % → 91.5 % on 10,000 samples, "
                + "128 bytes scratch, 1.0 K MACs (mixed, 90 % of them in int8)");
    }

    [Fact]
    public void ASecondProjectFolderTakesTheOutputsFromTheCache()
    {
        Run();
        DateTime first = File.GetLastWriteTimeUtc(Output("m.plan"));
        byte[] plan = File.ReadAllBytes(Output("m.plan"));
        int messages = _engine.Messages.Count(m => m.Code == "OPT0022");
        Assert.True(Run(output: "obj2"));

        Assert.Equal(1, _compilations);
        Assert.Equal(plan, File.ReadAllBytes(_project["obj2/OptimizerBuild/m/m.plan"]));
        Assert.True(File.GetLastWriteTimeUtc(_project["obj2/OptimizerBuild/m/m.plan"]) >= first);
        Assert.Equal(2 * messages, _engine.Messages.Count(m => m.Code == "OPT0022"));
        Assert.Equal(2, _engine.Messages.Count(m => m.Message!.StartsWith("m: 400 bytes", StringComparison.Ordinal)));
        Assert.Empty(Directory.EnumerateFiles(_project["cache/x"][..^2]));
    }

    [Theory]
    [InlineData("m.onnx")]
    [InlineData("e.npz")]
    public void AChangedInputIsCompressedAnew(string file)
    {
        Run();
        File.AppendAllText(_project[file], "!");
        Run();

        Assert.Equal(2, _compilations);
    }

    [Fact]
    public void ADamagedCacheEntryIsNotUsed()
    {
        Run();
        string weights = Directory.EnumerateFiles(_project["cache/x"][..^2], "*.weights", SearchOption.AllDirectories).Single();
        File.WriteAllBytes(weights, new byte[100]);
        Run();
        Run();

        Assert.Equal(2, _compilations);
        Assert.Equal(99, File.ReadAllBytes(Output("m.weights"))[99]);
    }

    [Fact]
    public void TheCompressedModelIsWrittenAsOnnxWhereItIsAskedFor()
    {
        Assert.True(Run(exportOnnx: "true"));
        Assert.Equal(SmallOutcome.QdqModel, File.ReadAllBytes(Output("m.qdq.onnx")));

        // From the cache as well, unless the cached file is not the one that was kept.
        Assert.True(Run(output: "obj2", exportOnnx: "true"));
        Assert.Equal(SmallOutcome.QdqModel, File.ReadAllBytes(_project["obj2/OptimizerBuild/m/m.qdq.onnx"]));
        Assert.Equal(1, _compilations);
        string cached = Directory.EnumerateFiles(_project["cache/x"][..^2], "*.qdq.onnx", SearchOption.AllDirectories).Single();
        File.WriteAllBytes(cached, [1]);
        Assert.True(Run(exportOnnx: "true"));
        Assert.Equal(2, _compilations);
        File.Delete(Directory.EnumerateFiles(_project["cache/x"][..^2], "*.qdq.onnx", SearchOption.AllDirectories).Single());
        Assert.True(Run(exportOnnx: "true"));
        Assert.Equal(3, _compilations);
        Assert.Equal(SmallOutcome.QdqModel, File.ReadAllBytes(Output("m.qdq.onnx")));

        // It goes when it is no longer wanted.
        Assert.True(Run());
        Assert.Equal(4, _compilations);
        Assert.False(File.Exists(Output("m.qdq.onnx")));
    }

    [Fact]
    public void ProgressIsALineForEachTwentieth()
    {
        var clock = new SetClock();
        var log = new ProgressLog(new TaskLoggingHelper(_engine, "CompressModel"), "m", clock);
        Parallel.For(0, 10_000, i => log.Report("Evaluation", i / 10_000.0, ""));
        log.Report("Evaluation", 1, "");
        int evaluation = _engine.Messages.Count(m => m.Message!.StartsWith("m: Evaluation", StringComparison.Ordinal));
        Assert.InRange(evaluation, 1, 21);
        log.Report("Quantization", 0, "ranges");
        log.Report("Quantization", 0.01, "ranges");
        log.Report("Quantization", 0.02, "errors");
        Assert.Equal(["m: Evaluation 100 %", "m: Quantization 0 %, ranges", "m: Quantization 0 %, errors"],
            _engine.Messages.Skip(evaluation - 1).Select(m => m.Message));
        Assert.All(_engine.Messages, m => Assert.Equal(MessageImportance.Low, m.Importance));

        // What takes long is said in every log, but not all of it.
        int before = _engine.Messages.Count;
        clock.Seconds = 20;
        log.Report("Quantization", 0.5, "errors");
        log.Report("Quantization", 0.6, "errors");
        clock.Seconds = 40;
        log.Report("Quantization", 0.7, "errors");
        Assert.Equal([MessageImportance.High, MessageImportance.Low, MessageImportance.High],
            _engine.Messages.Skip(before).Select(m => m.Importance));
    }

    private sealed class SetClock : TimeProvider
    {
        public long Seconds { get; set; }

        public override long TimestampFrequency => 1;

        public override long GetTimestamp() => Seconds;
    }

    [Fact]
    public void BuildsAtTheSameTimeCompressOnce()
    {
        Parallel.For(0, 4, i =>
        {
            var engine = new RecordingBuildEngine();
            CompressModel task = Task(engine, "obj" + i);
            task.Compiler = (options, _, _, _) =>
            {
                Interlocked.Increment(ref _compilations);
                Thread.Sleep(300);
                return SmallOutcome.Of(options);
            };
            Assert.True(task.Execute());
        });

        Assert.Equal(1, _compilations);
    }

    [Fact]
    public void WithoutCacheNothingIsKept()
    {
        CompressModel task = Task(_engine, "obj");
        task.CachePath = "";
        Assert.True(task.Execute());

        Assert.False(Directory.Exists(Path.Combine(_project.Path, "cache")));
    }

    [Fact]
    public void TooLargeADropIsAnErrorThatStatesBothFigures()
    {
        Assert.False(Run(maxDrop: "0.005"));

        BuildErrorEventArgs error = Assert.Single(_engine.Errors);
        Assert.Equal("OPT0013", error.Code);
        Assert.Contains("Top-1 is 91.5 % after compression instead of 92.3 % on 10,000 samples: a drop of 0.8 percentage points",
            error.Message);
        Assert.Contains("CalibrationData", error.Message);
        Assert.False(File.Exists(Output("m.plan")));

        // The limit judges the outputs but does not change them: what failed is not computed again.
        Assert.True(Run(maxDrop: "0.008"));
        Assert.Equal(1, _compilations);
    }

    [Fact]
    public void AnErrorOfTheCompilerKeepsTheLastOutputs()
    {
        Run();
        File.AppendAllText(_project["m.onnx"], "!");
        CompressModel task = Task(_engine, "obj");
        task.Compiler = (_, _, _, _) =>
            throw new AggregateException(new ModelException(DiagnosticCatalog.DataDependentShape, "n", "Reshape", "v"));

        Assert.False(task.Execute());

        BuildErrorEventArgs error = Assert.Single(_engine.Errors);
        Assert.Equal("OPT0007", error.Code);
        Assert.Equal((_project["app.csproj"], "m.onnx: node"), (error.File, error.Message![..12]));
        Assert.True(task.HasFailed);
        Assert.True(File.Exists(Output("m.plan")));
    }

    [Fact]
    public void NamesThatHadToChangeAreReported()
    {
        CompressModel task = Task(_engine, "obj");
        task.Compiler = (options, _, _, _) =>
        {
            CompilationOutcome outcome = SmallOutcome.Of(options);
            return outcome with
            {
                Plan = outcome.Plan with
                {
                    Inputs = new([new PlanInput("Input.Ids", "inputIds", BoundaryType.Float32, new([1]), null),
                        new PlanInput("input_ids", "inputIds2", BoundaryType.Float32, new([1]), null)]),
                    Outputs = new([new PlanOutput("Predict", "Predict2", "predict", BoundaryType.Float32, new([1, 3]), 0)]),
                    Classifier = new PlanClassifier(0, 3, true, new(["T-shirt/top", "3", "b"]), new(["TShirtTop", "Class3", "B"])),
                },
                Diagnostics = [],
            };
        };

        Assert.True(task.Execute());

        Assert.Equal(
            ["m.onnx: the input 'input_ids' is called 'inputIds2' in the generated code",
                "m.onnx: the output 'Predict' is called 'Predict2' in the generated code",
                "m.onnx: the label '3' is called 'Class3' in the generated code"],
            _engine.Messages.Where(m => m.Code == "OPT0022").Select(m => m.Message));
    }

    [Fact]
    public void CancellingWritesNothing()
    {
        CompressModel task = Task(_engine, "obj");
        task.Compiler = (_, _, _, cancellation) =>
        {
            task.Cancel();
            cancellation.ThrowIfCancellationRequested();
            throw new InvalidOperationException();
        };

        Assert.False(task.Execute());

        Assert.Equal("OPT0028", Assert.Single(_engine.Errors).Code);
        Assert.False(File.Exists(Output("m.plan")));
    }

    [Fact]
    public void AnUnforeseenExceptionIsACodedErrorThatNamesStepAndNode()
    {
        CompressModel task = Task(_engine, "obj");
        task.Compiler = (_, _, _, _) =>
        {
            try
            {
                throw new KeyNotFoundException("inner");
            }
            catch (Exception e) when (InternalFault.PassesBy(e, "lowering", "'n' (Conv)")
                || InternalFault.PassesBy(e, "outer", "'m' (Add)"))
            {
                throw;
            }
        };

        Assert.False(task.Execute());

        BuildErrorEventArgs error = Assert.Single(_engine.Errors);
        Assert.Equal(DiagnosticCatalog.InternalError.Code, error.Code);
        Assert.Contains("(KeyNotFoundException) in lowering on node 'n' (Conv)", error.Message);
        Assert.Contains(_engine.Messages, m => m.Message!.Contains("inner", StringComparison.Ordinal));
        Assert.False(File.Exists(Output("m.plan")));
    }

    [Fact]
    public void AnOutputThatCannotBeWrittenIsAnError()
    {
        CompressModel task = Task(_engine, "obj");
        Directory.CreateDirectory(Output("m.plan"));

        Assert.False(task.Execute());

        Assert.Equal("OPT0024", Assert.Single(_engine.Errors).Code);
        Assert.DoesNotContain(Directory.EnumerateFiles(Output("")), f => f.EndsWith(".tmp", StringComparison.Ordinal));
    }

    [Fact]
    public void DesignTimeBuildsGetASignature()
    {
        var task = new DescribeModels
        {
            BuildEngine = _engine,
            Models = [Item("obj")],
            ProjectFolder = _project.Path,
            RootNamespace = "My.App",
            Compiler = (options, _) =>
            {
                _compilations++;
                return SmallOutcome.Plan(options, []) with { IsSignatureOnly = true };
            },
        };
        Assert.True(task.Execute());
        Assert.True(task.Execute());

        Assert.Equal(1, _compilations);
        Assert.True(PlanReader.Read(File.ReadAllText(Output("m.signature.plan"))).Plan!.IsSignatureOnly);
    }

    [Fact]
    public void ASurveyTellsHowTheLayersWouldRun()
    {
        var task = new SurveyModels { BuildEngine = _engine, Models = [Item("obj")], ProjectFolder = _project.Path, RootNamespace = "A" };
        File.WriteAllBytes(Path.Combine(_project.Path, "m.onnx"), new ModelBuilder().Input("x", 1, 4).Output("y")
            .Constant("w", Tensor.Of([.. Enumerable.Range(0, 12).Select(i => i / 8f)], 4, 3)).Node("MatMul", "x,w", "sums")
            .Node("Relu", "sums", "held").Node("Sin", "held", "y").Bytes);
        Assert.True(task.Execute());
        string text = string.Join('\n', _engine.Messages.Select(m => m.Message));
        Assert.Contains("input   x: float32[1,4]", text, StringComparison.Ordinal);
        Assert.Contains("output  y: float32[1,3]", text, StringComparison.Ordinal);
        Assert.Contains("operators: MatMul 1, Relu 1, Sin 1", text, StringComparison.Ordinal);
        Assert.Contains("12 multiply-accumulates, 48 bytes of floating-point weights", text, StringComparison.Ordinal);
        Assert.Matches(@"\(\w+\) +float32\[1,3\] +12 MACs +1\d weights +int8 if accurate enough: sums of products", text);
        Assert.Matches(@"\(Sin\) .* 0 MACs .* float32: ", text);
        Assert.False(File.Exists(Output("m.plan")));
    }

    [Fact]
    public void ASurveyNamesAllThatIsNotSupported()
    {
        var task = new SurveyModels { BuildEngine = _engine, Models = [Item("obj")], ProjectFolder = _project.Path, RootNamespace = "A" };
        File.WriteAllBytes(Path.Combine(_project.Path, "m.onnx"), new ModelBuilder().Input("x", 1, 4).Output("y")
            .Node("Foo", "x", "z").Node("Bar", "z", "y").Bytes);
        Assert.False(task.Execute());
        Assert.Equal(["OPT0004", "OPT0004"], _engine.Errors.Select(e => e.Code));
    }

    /// <summary>A cache hit is judged as well: how much limits allow is no part of its key.</summary>
    [Fact]
    public void EveryLimitThatIsExceededIsToldInOneBuild()
    {
        CompressModel generous = Task(_engine, "obj", maxDrop: "1");
        generous.Model!.SetMetadata("MaxMemory", "1 MB");
        Assert.True(generous.Execute());
        CompressModel task = Task(_engine, "obj2", maxDrop: "0.001");
        foreach ((string name, string value) in ((string, string)[])[("MaxSize", "99"), ("MaxMemory", "100"), ("MaxMacs", "0.9 K")])
            task.Model!.SetMetadata(name, value);

        Assert.False(task.Execute());

        Assert.Equal(1, _compilations);
        Assert.Equal(["OPT0013", "OPT0061", "OPT0061", "OPT0061"], _engine.Errors.Select(e => e.Code));
        Assert.False(File.Exists(Path.Combine(_project.Path, "obj2", "OptimizerBuild", "m", "m.plan")));
    }

    private string Output(string name) => Path.Combine(_project.Path, "obj", "OptimizerBuild", "m", name);

    private bool Run(string output = "obj", string maxDrop = "", string exportOnnx = "") =>
        Task(_engine, output, maxDrop, exportOnnx).Execute();

    private CompressModel Task(RecordingBuildEngine engine, string output, string maxDrop = "", string exportOnnx = "") => new()
    {
        BuildEngine = engine,
        Model = Item(output, maxDrop, exportOnnx),
        ProjectFolder = _project.Path,
        ProjectFile = _project["app.csproj"],
        RootNamespace = "My.App",
        CachePath = "cache",
        Compiler = (options, _, _, _) =>
        {
            _compilations++;
            return SmallOutcome.Of(options);
        },
    };

    private ITaskItem Item(string output, string maxDrop = "", string exportOnnx = "")
    {
        var item = new TaskItem("m.onnx");
        item.SetMetadata("EvaluationData", "e.npz");
        item.SetMetadata("MaxAccuracyDrop", maxDrop);
        item.SetMetadata("ExportOnnx", exportOnnx);
        var collect = new CollectModels
        {
            BuildEngine = new RecordingBuildEngine(),
            Models = [item],
            ProjectFolder = _project.Path,
            OutputFolder = output + "/OptimizerBuild",
            RootNamespace = "My.App",
            Language = "C#",
            TargetFrameworkIdentifier = ".NETCoreApp",
            TargetFrameworkVersion = "v8.0",
            Optimize = "true",
        };
        Assert.True(collect.Execute());
        return collect.Collected[0];
    }
}
