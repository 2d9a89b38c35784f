using System.CommandLine;
using System.Globalization;
using OptimizerBuild.Bench.Measurement;
using OptimizerBuild.Bench.Models;
using OptimizerBuild.Bench.Reporting;
using OptimizerBuild.Graphs;
using OptimizerBuild.Onnx;
using OptimizerBuild.Options;
using OptimizerBuild.Pipeline;
using OptimizerBuild.Plan;

namespace OptimizerBuild.Bench.Commands;

/// <summary>
/// <c>wasm</c>: the generated predictor of each model in .NET's WebAssembly runtime (the interpreter that an app has without
/// <c>RunAOTCompilation</c>, and on demand compiled ahead of time) beside ONNX Runtime Web, all under Node.js, in turn; and whether its
/// answer has the bytes of this processor's. The app is in <c>bench/wasm</c>.
/// </summary>
internal sealed class WasmCommand : BenchCommand
{
    private const int Rounds = 3;
    private const string Interpreted = "interpreted";
    private const string Compiled = "compiled";

    private static readonly Table<WasmRow> Columns = new(
        new("model", r => r.Model, Width: 30),
        new("code", r => r.Code, Width: 11),
        new("ours, µs", r => r.OursUs, "F1", 9) { Title = "generated code, µs" },
        new("float32, µs", r => r.PeerFloat32Us, "F1") { Title = "ONNX Runtime Web float32, µs" },
        new("int8, µs", r => r.PeerInt8Us, "F1", 9) { Title = "int8 (exported), µs" },
        new("ratio", r => r.Ratio, "F2"),
        new("first, ms", r => r.FirstMs, "F1") { Title = "first prediction, ms" },
        new("theirs, ms", r => r.PeerFirstMs, "F1") { Title = "ONNX Runtime Web's, ms" },
        new("KB", r => r.AssemblyKb, "F0", 6) { Title = "assembly, KB" },
        new("same bytes", r => r.SameBytes ? "yes" : "no") { Title = "bytes as on this processor" });

    private readonly ModelSelection _models;
    private readonly Option<double> _seconds;
    private readonly Option<bool> _aot = new("--aot")
    {
        Description = "The app compiled ahead of time, too (needs the SDK's workload wasm-tools, and minutes for each model)",
    };
    private readonly FigureFiles _files;

    /// <summary>Declares the command and its options.</summary>
    public WasmCommand()
        : base("wasm", "Each model in .NET's WebAssembly runtime, beside ONNX Runtime Web (needs Node.js and bench/peers)")
    {
        _models = new(this);
        _seconds = SecondsOption("each side of a model");
        Add(_aot);
        _files = new(this);
    }

    /// <summary>Publishes the app with all predictors and measures each, with a line on the console for it.</summary>
    /// <param name="repository">The repository's folder.</param>
    /// <param name="models">The models.</param>
    /// <param name="seconds">How long each side of a model is measured, about.</param>
    /// <param name="aot">Whether the app is compiled ahead of time, too, and measured as a side of its own.</param>
    /// <exception cref="InvalidOperationException">
    /// It should be compiled ahead of time, and the SDK's workload for that is not installed.
    /// </exception>
    public static List<WasmRow> Measure(string repository, IReadOnlyList<BenchModel> models, double seconds, bool aot)
    {
        string project = Path.Combine(repository, "bench", "wasm");
        if (aot && !HasWorkload(project))
            throw new InvalidOperationException(
                "--aot needs the SDK's workload wasm-tools, which is not installed: run 'dotnet workload install wasm-tools'");
        string peer = Path.Combine(repository, "bench", "peers", "node_modules", "onnxruntime-web", "dist", "ort.node.min.mjs");
        if (!File.Exists(peer))
            throw new FileNotFoundException("ONNX Runtime Web is not installed: run 'npm ci --ignore-scripts' in bench/peers");
        string folder = Directory.CreateTempSubdirectory("optimizerbuild-wasm-").FullName;
        try
        {
            List<Subject> subjects = [.. models.Select(m => Subject.Of(m, folder))];
            string[] codes = aot ? [Interpreted, Compiled] : [Interpreted];
            string[] scripts = [.. codes.Select(code => Publish(project, folder, code))];

            return Columns.Print(
                subjects.SelectMany(s => Measure(s, codes, scripts, Path.Combine(project, "peer.mjs"), peer, folder, seconds)));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>The table of record.</summary>
    public static string Markdown(List<WasmRow> rows) => Document.Of(
        "wasm",
        $"{Machine.Processor}. .NET's WebAssembly runtime"
        + (rows.Exists(r => r.Code == Compiled) ? "" : " without ahead-of-time compilation")
        + " and ONNX Runtime Web under Node.js,\n"
        + "one thread, minimum of runs in turn.",
        Columns.Markdown(rows));

    /// <inheritdoc/>
    protected override int Run(ParseResult line)
    {
        _files.Write(line, Measure(Repository.Folder, _models.Of(line), line.GetValue(_seconds), line.GetValue(_aot)), Markdown);
        return 0;
    }

    /// <summary>Whether the SDK has what ahead-of-time compilation for WebAssembly needs.</summary>
    private static bool HasWorkload(string project) =>
        ChildProcess.Run("dotnet", ["msbuild", project, "-nologo", "-getProperty:WasmNativeWorkloadAvailable"]).Trim() == "true";

    /// <summary>Publishes the app.</summary>
    /// <returns>The script that starts it.</returns>
    private static string Publish(string project, string folder, string code)
    {
        string output = Path.Combine(folder, code);
        ChildProcess.Run(
            "dotnet",
            [
                "publish", project, "-c", "Release", "-o", output, $"-p:PredictorFolder={folder}", "-nodeReuse:false", "-v:q",
                $"-p:RunAOTCompilation={(code == Compiled ? "true" : "false")}",
            ]);
        string script = Path.Combine(output, "wwwroot", "main.mjs");
        File.Copy(Path.Combine(project, "main.mjs"), script);
        return script;
    }

    private static IEnumerable<WasmRow> Measure(
        Subject subject, string[] codes, string[] scripts, string peerScript, string peer, string folder, double seconds)
    {
        string time = (seconds / Rounds).ToString("R", CultureInfo.InvariantCulture);
        Side[] ours = [.. codes.Select(_ => new Side())];
        var float32 = new Side();
        Side? int8 = subject.Exported is null ? null : new Side();
        for (int round = 0; round < Rounds; round++)
        {
            for (int i = 0; i < ours.Length; i++)
                ours[i].Take(Node(scripts[i], [subject.Assembly, time, .. subject.Arguments]));
            float32.Take(Node(peerScript, [new Uri(peer).AbsoluteUri, subject.Model, time, .. subject.PeerArguments]));
            int8?.Take(Node(peerScript, [new Uri(peer).AbsoluteUri, subject.Exported!, time, .. subject.PeerArguments]));
        }
        return codes.Select((code, i) => new WasmRow(
            subject.Name, code, ours[i].Microseconds, float32.Microseconds, int8?.Microseconds, ours[i].FirstMs, float32.FirstMs,
            Math.Round(subject.AssemblyBytes / 1024.0), ours[i].Checksum == subject.Checksum));

        string[] Node(string program, string[] arguments) =>
            ChildProcess.Run("node", [program, .. arguments], "", folder).Split(' ', StringSplitOptions.TrimEntries);
    }

    /// <summary>The least times of one side.</summary>
    private sealed class Side
    {
        public double Microseconds { get; private set; } = double.MaxValue;

        public double FirstMs { get; private set; } = double.MaxValue;

        /// <summary>Of the outputs; empty for a side that does not say it.</summary>
        public string Checksum { get; private set; } = "";

        public void Take(string[] answer)
        {
            Checksum = answer.Length > 2 ? answer[2] : "";
            Microseconds = Math.Min(Microseconds, double.Parse(answer[0], CultureInfo.InvariantCulture));
            FirstMs = Math.Min(FirstMs, double.Parse(answer[1], CultureInfo.InvariantCulture));
        }
    }

    /// <summary>A model, compiled, and how both sides are called.</summary>
    private sealed record Subject(
        string Name, string Model, string? Exported, string Assembly, int AssemblyBytes, string Checksum, IReadOnlyList<string> Arguments,
        IReadOnlyList<string> PeerArguments)
    {
        public static Subject Of(BenchModel model, string folder)
        {
            ModelOptions options = (model with { Evaluation = null }).Options() with { ExportOnnx = true };
            CompilationOutcome outcome = ModelCompiler.Compile(options, CancellationToken.None);
            ModelPlan plan = outcome.Plan;
            byte[] image = PredictorBuild.Compile(outcome);
            // What is compiled ahead of time finds assemblies by name only where the files are called by it.
            var assembly = System.Reflection.Assembly.Load(image);
            string name = assembly.GetName().Name!;
            File.WriteAllBytes(Path.Combine(folder, name + ".dll"), image);
            string? exported = plan.Facts.Precision == "float32" || outcome.QdqModel is null
                ? null
                : Path.Combine(folder, plan.ClassName + ".onnx");
            if (exported is not null)
                File.WriteAllBytes(exported, outcome.QdqModel!);

            Predictor here = PredictorBuild.Create(assembly);
            var arguments = new List<string> { plan.Outputs.Count.ToString(CultureInfo.InvariantCulture) };
            for (int i = 0; i < plan.Inputs.Count; i++)
            {
                string type = plan.Inputs[i].Type.Keyword();
                int bytes = plan.Inputs[i].Length * plan.Inputs[i].Type.Size();
                here.Set(i, PatternInput.Bytes(bytes, type));
                arguments.AddRange([bytes.ToString(CultureInfo.InvariantCulture), type]);
            }
            here.Run();
            Graph graph = OnnxImporter.Import(model.Path, ModelCompiler.ImportSettings(options), CancellationToken.None).Graph;
            return new(
                model.Name, model.Path, exported, name, image.Length,
                PatternInput.Checksum(here, plan.Outputs.Count).ToString("x16", CultureInfo.InvariantCulture), arguments,
                [
                    .. graph.Inputs.Select(graph.TypeOf)
                        .SelectMany(t => (string[])[t.Element.ToString().ToLowerInvariant(), string.Join(',', t.Dimensions)]),
                ]);
        }
    }
}

/// <summary>A model on WebAssembly.</summary>
/// <param name="Model">The model.</param>
/// <param name="Code">Whether the runtime interprets the predictor's code or it has been compiled ahead of time.</param>
/// <param name="OursUs">The generated predictor's time in microseconds.</param>
/// <param name="PeerFloat32Us">ONNX Runtime Web's on the model's file.</param>
/// <param name="PeerInt8Us">ONNX Runtime Web's on the exported compressed model; null where there is none.</param>
/// <param name="FirstMs">From loading the predictor's assembly to the end of the first prediction, in milliseconds.</param>
/// <param name="PeerFirstMs">From importing ONNX Runtime Web to the end of the first run of the model's file.</param>
/// <param name="AssemblyKb">The size of an assembly with the predictor and its weights, in KB.</param>
/// <param name="SameBytes">Whether the answer has the bytes of this processor's.</param>
internal sealed record WasmRow(
    string Model, string Code, double OursUs, double PeerFloat32Us, double? PeerInt8Us, double FirstMs, double PeerFirstMs,
    double AssemblyKb, bool SameBytes)
{
    /// <summary>ONNX Runtime Web's better time in proportion to ours.</summary>
    public double Ratio => Math.Round(Math.Min(PeerFloat32Us, PeerInt8Us ?? double.MaxValue) / OursUs, 2);
}
