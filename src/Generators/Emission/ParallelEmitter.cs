using OptimizerBuild.Plan;

namespace OptimizerBuild.Generators.Emission;

/// <summary>Renders what a predictor has for several threads: <c>Parallelism</c> and <c>PredictBatch</c>.</summary>
internal static class ParallelEmitter
{
    private const string Memory = "global::System.Memory<";
    private const string ReadOnlyMemory = "global::System.ReadOnlyMemory<";

    /// <summary>Renders the members.</summary>
    /// <param name="code">Where to.</param>
    /// <param name="plan">The plan.</param>
    /// <param name="notBuilt">The expression that a plan with signatures only has for a body.</param>
    public static void Emit(CodeWriter code, ModelPlan plan, string notBuilt)
    {
        EmitParallelism(code, plan, notBuilt);
        if (!plan.TakesBatches)
            return;
        EmitBatch(code, plan, notBuilt, OutputTargets(plan), "PredictRows");
        if (plan.Classifier is not null)
            EmitBatch(code, plan, notBuilt, [PredictionTarget(plan)], "ClassifyRows");
    }

    private static void EmitParallelism(CodeWriter code, ModelPlan plan, string notBuilt)
    {
        code.Line();
        code.Summary("How many threads " + (plan.TakesBatches ? "<c>PredictBatch</c> and " : "")
            + "one prediction may use, the caller's included; 1 at first, at most the number of processors. The results are the same bytes "
            + "for any number.");
        code.Line("/// <remarks>" + (plan.Entries.Any(e => e.UsesThreads) || plan.IsSignatureOnly
            ? "One prediction shares its large layers out to threads that all predictors of the assembly have in common; while they are "
                + "taken by another prediction, it runs on the caller's thread."
            : "A single prediction of this model is too short to gain from several threads and stays on the caller's.") + "</remarks>");
        code.Line("/// <exception cref=\"global::System.ArgumentOutOfRangeException\">Less than 1.</exception>");
        code.Line("/// <exception cref=\"global::System.InvalidOperationException\">"
            + (plan.IsSignatureOnly ? "The model has not been compiled yet." : "The instance is making a prediction.") + "</exception>");
        code.Open("public int Parallelism");
        if (plan.IsSignatureOnly)
        {
            code.Line("get => " + notBuilt + ";");
            code.Line("set => " + notBuilt + ";");
            code.Close();
            return;
        }
        code.Line("get => this._workspace.Parallelism;");
        code.Open("set");
        code.Line("this.Enter();");
        code.Open("try");
        code.Line("this._workspace.Parallelism = value;");
        code.Close();
        code.Open("finally");
        code.Line("this.Leave();");
        code.Close();
        code.Close();
        code.Close();
    }

    /// <summary>What a batch gives for each sample.</summary>
    /// <param name="Name">The parameter's name.</param>
    /// <param name="Type">The type of its elements.</param>
    /// <param name="Length">How many each sample has.</param>
    /// <param name="Shape">Their shape, for the error.</param>
    /// <param name="Documentation">What it takes, as XML.</param>
    /// <param name="Statement">What stores a sample's, with <c>{0}</c> for the parameter and <c>{1}</c> for the sample's place.</param>
    /// <param name="OfBatch">What stores those of the plan's batch, the first of which has that place; nothing where there is none.</param>
    private sealed record Target(
        string Name, string Type, int Length, string Shape, string Documentation, string Statement, string[] OfBatch);

    private static Target[] OutputTargets(ModelPlan plan) => [.. plan.Outputs.Select((o, place) => new Target(
        o.ParameterName, o.Type.Keyword(), o.Length, "samples of " + Wording.Shape(o.Dimensions),
        "Takes the output <c>" + Wording.Xml(o.OnnxName) + "</c> of every sample: " + Wording.Count(o.Length) + " values each, shape "
            + Wording.Shape(o.Dimensions) + ".",
        PredictorEmitter.View(plan, o) + ".CopyTo(" + Row("{0}", "{1}", o.Length, o.Length) + ");",
        plan.Batch?.Outputs[place] is { } all
            ? [PredictorEmitter.View(plan, all) + ".CopyTo(" + Row("{0}", "{1}", o.Length, all.Length) + ");"]
            : []))];

    private static Target PredictionTarget(ModelPlan plan) => new(
        Local("predictions", [.. plan.Inputs.Select(i => i.ParameterName)]), PredictorEmitter.FullName(plan) + ".Prediction", 1,
        "one for each sample", "Takes the class of the greatest score of every sample.", "{0}.Span[{1}] = this.Classify();",
        plan.Batch is { } batch ? BatchEmitter.Classification(plan, batch) : []);

    private static void EmitBatch(CodeWriter code, ModelPlan plan, string notBuilt, Target[] targets, string rows)
    {
        code.Line();
        code.Summary("Runs the model on several samples " + (plan.Further.Count > 0 ? "of the main shapes " : "")
            + "that follow one another in memory, shared out to as many threads as "
            + "<see cref=\"Parallelism\"/> says, each with scratch memory of its own.");
        foreach (PlanInput input in plan.Inputs)
        {
            code.Line("/// <param name=\"" + input.ParameterName + "\">The input <c>" + Wording.Xml(input.OnnxName)
                + "</c> of every sample: "
                + Wording.Count(input.Length) + " values each, shape " + Wording.Shape(input.Dimensions) + ".</param>");
        }
        foreach (Target target in targets)
            code.Line("/// <param name=\"" + target.Name + "\">" + target.Documentation + "</param>");
        if (plan.Batch is not null)
            code.Line("/// <remarks>" + Wording.Count(plan.BatchSamples, "sample") + " at a time use each weight once; those left over run "
                + "one by one. The results are the same bytes as those of single predictions. The properties hold no valid outputs "
                + "afterwards.</remarks>");
        code.Line("/// <exception cref=\"global::System.ArgumentException\">The lengths are not those of one number of samples."
            + "</exception>");
        code.Line("/// <exception cref=\"global::System.InvalidOperationException\">"
            + (plan.IsSignatureOnly ? "The model has not been compiled yet."
                : "The instance is making a prediction already, on another thread.") + "</exception>");
        string signature = "public void PredictBatch(" + Parameters(plan, targets) + ")";
        if (plan.IsSignatureOnly)
        {
            code.Line(signature + " => " + notBuilt + ";");
            return;
        }
        EmitShares(code, plan, signature, targets, rows);
        code.Line();
        EmitRows(code, plan, targets, rows);
    }

    private static void EmitShares(CodeWriter code, ModelPlan plan, string signature, Target[] targets, string rows)
    {
        // Locals may not have the name of a parameter, which is the model's.
        string[] names = [.. Names(plan, targets)];
        string[] copies = [.. names.Select(n => Identifiers.Escape(Local(n + "Batch", names)))];
        string samples = Local("samples", names);
        string parts = Local("parts", names);
        string i = Local("i", names);
        string part = Local("part", names);
        string model = Local("model", names);
        string first = Local("first", names);
        string end = Local("end", names);
        string className = Identifiers.Escape(plan.ClassName);
        code.Open(signature);
        code.Line("int " + samples + " = " + Parameter(plan.Inputs[0]) + ".Length / " + Wording.Integer(plan.Inputs[0].Length) + ";");
        foreach (PlanInput input in plan.Inputs)
            EmitLengthCheck(code, samples, input.ParameterName, input.Length, "samples of " + Wording.Shape(input.Dimensions));
        foreach (Target target in targets)
            EmitLengthCheck(code, samples, target.Name, target.Length, target.Shape);
        code.Line("this.Enter();");
        code.Open("try");
        code.Line("int " + parts + " = global::System.Math.Min(this._workspace.Parallelism, " + samples + ");");
        code.Open("if (" + parts + " <= 1)");
        code.Line("this." + rows + "(0, " + samples + ", " + string.Join(", ", names.Select(Identifiers.Escape)) + ");");
        code.Line("return;");
        code.Close();
        code.Line();
        code.Open("if (this._others is null || this._others.Length < " + parts + " - 1)");
        code.Line("global::System.Array.Resize(ref this._others, " + parts + " - 1);");
        code.Close();
        code.Line();
        code.Line("// Those that an earlier call had no memory for are made now.");
        code.Open("for (int " + i + " = 0; " + i + " < " + parts + " - 1; " + i + "++)");
        code.Line("this._others[" + i + "] ??= new " + className + "();");
        code.Close();
        code.Line();
        code.Line("// Copies, because parameters that a lambda captures cost an allocation in the branch above, too.");
        for (int k = 0; k < names.Length; k++)
            code.Line("var " + copies[k] + " = " + Identifiers.Escape(names[k]) + ";");
        code.Line("global::System.Threading.Tasks.Parallel.For(0, " + parts + ", " + part + " =>");
        code.Line("{");
        code.Line("    " + className + " " + model + " = " + part + " == 0 ? this : this._others![" + part + " - 1];");
        code.Line("    int " + first + " = (int)((long)" + samples + " * " + part + " / " + parts + ");");
        code.Line("    int " + end + " = (int)((long)" + samples + " * (" + part + " + 1) / " + parts + ");");
        code.Line("    " + model + "." + rows + "(" + first + ", " + end + ", " + string.Join(", ", copies) + ");");
        code.Line("});");
        code.Close();
        code.Open("finally");
        code.Line("this.Leave();");
        code.Close();
        code.Close();
    }

    private static void EmitRows(CodeWriter code, ModelPlan plan, Target[] targets, string rows)
    {
        string[] names = [.. Names(plan, targets)];
        string first = Local("first", names);
        string end = Local("end", names);
        string sample = Local("sample", names);
        code.Open("private void " + rows + "(int " + first + ", int " + end + ", " + Parameters(plan, targets) + ")");
        if (plan.Batch is { } batch)
        {
            code.Line("int " + sample + " = " + first + ";");
            code.Open("while (" + sample + " < " + end + ")");
            string samples = Wording.Integer(plan.BatchSamples);
            // Until the fast code is compiled, single samples run in small code.
            code.Open("if (" + end + " - " + sample + " >= " + samples
                + (StartUpEmitter.HasStartUp(plan) ? " && !this._workspace.IsStarting" : "") + ")");
            EmitRun(code, plan, PredictorNames.ComputeBatch, sample, batch);
            foreach (Target target in targets)
                foreach (string line in target.OfBatch)
                    code.Line(Stored(line, target, sample));
            code.Line(sample + " += " + samples + ";");
            code.Line("continue;");
            code.Close();
            code.Line();
            EmitRun(code, plan, Entries.Compute(0), sample, plan.Main);
            foreach (Target target in targets)
                code.Line(Stored(target.Statement, target, sample));
            code.Line(sample + "++;");
        }
        else
        {
            code.Open("for (int " + sample + " = " + first + "; " + sample + " < " + end + "; " + sample + "++)");
            EmitRun(code, plan, Entries.Compute(0), sample, plan.Main);
            foreach (Target target in targets)
                code.Line(Stored(target.Statement, target, sample));
        }
        code.Close();
        code.Close();
    }

    // One sample, or as many as the entry takes, out of the callers' memory.
    private static void EmitRun(CodeWriter code, ModelPlan plan, string compute, string sample, PlanEntry entry) =>
        code.Line("this." + compute + "(" + string.Join(", ", plan.Inputs.Select((input, i) =>
            Row(Parameter(input), sample, input.Length, entry.Inputs[i].Length))) + ");");

    private static string Stored(string statement, Target target, string sample) =>
        statement.Replace("{0}", Identifiers.Escape(target.Name)).Replace("{1}", sample);

    private static string Row(string memory, string sample, int length, int taken) =>
        memory + ".Span.Slice(" + sample + " * " + Wording.Integer(length) + ", " + Wording.Integer(taken) + ")";

    private static string Local(string name, string[] taken)
    {
        while (Array.IndexOf(taken, name) >= 0)
            name += "_";
        return name;
    }

    private static void EmitLengthCheck(CodeWriter code, string samples, string name, int length, string shape) =>
        code.Line("RequireLength(" + Identifiers.Escape(name) + ".Length, " + samples + " * " + Wording.Integer(length) + ", "
            + PlanText.Quote(shape) + ", " + PlanText.Quote(name) + ");");

    private static IEnumerable<string> Names(ModelPlan plan, Target[] targets) =>
        plan.Inputs.Select(i => i.ParameterName).Concat(targets.Select(t => t.Name));

    private static string Parameters(ModelPlan plan, Target[] targets) => string.Join(", ",
        plan.Inputs.Select(i => ReadOnlyMemory + i.Type.Keyword() + "> " + Parameter(i))
            .Concat(targets.Select(t => Memory + t.Type + "> " + Identifiers.Escape(t.Name))));

    private static string Parameter(PlanInput input) => Identifiers.Escape(input.ParameterName);
}
