using OptimizerBuild.Plan;

namespace OptimizerBuild.Generators.Emission;

/// <summary>
/// Renders the methods <c>Predict</c>: those that return the prediction and those that copy the outputs into the caller's memory, each also
/// with a state. Entries of one name share the methods, which choose among them by the lengths of the inputs.
/// </summary>
internal sealed class PredictEmitter
{
    private const string Span = "global::System.Span<";
    private const string ReadOnlySpan = "global::System.ReadOnlySpan<";

    private readonly CodeWriter _code;
    private readonly ModelPlan _plan;
    private readonly string _notBuilt;
    private readonly string _method;
    private readonly int[] _places;
    private readonly PlanEntry[] _entries;
    private readonly string _chosen;

    /// <param name="code">Where to.</param>
    /// <param name="plan">The plan.</param>
    /// <param name="notBuilt">The expression that a plan with signatures only has for a body.</param>
    /// <param name="name">The name of the entries.</param>
    /// <param name="places">Their places in the plan.</param>
    public PredictEmitter(CodeWriter code, ModelPlan plan, string notBuilt, string name, int[] places)
    {
        _code = code;
        _plan = plan;
        _notBuilt = notBuilt;
        _method = PredictorNames.Method(name);
        _places = places;
        IReadOnlyList<PlanEntry> all = plan.Entries;
        _entries = [.. places.Select(p => all[p])];
        _chosen = "entry";
        while (plan.Inputs.Any(i => i.ParameterName == _chosen) || plan.Outputs.Any(o => o.ParameterName == _chosen))
            _chosen += "_";
    }

    private bool Chooses => _entries.Length > 1;

    /// <summary>Renders the method that returns the prediction.</summary>
    /// <param name="withState">Whether it takes a state.</param>
    public void EmitReturning(bool withState)
    {
        PlanOutput? only = _plan.Classifier is null && _plan.Outputs.Count == 1 ? _entries[0].Outputs[0] : null;
        string type = _plan.Classifier is not null ? PredictorEmitter.FullName(_plan) + ".Prediction"
            : only is not null ? ReadOnlySpan + only.Type.Keyword() + ">" : "void";
        _code.Line();
        _code.Summary((_plan.Classifier is not null ? "Classifies one sample."
            : only is not null ? "Runs the model on one sample."
            : "Runs the model on one sample; the outputs are then in the properties.") + Choice);
        EmitInputDocumentation(withState);
        if (_plan.Classifier is not null)
            _code.Line("/// <returns>The class of the greatest score; all scores are then in the property.</returns>");
        else if (only is not null)
            _code.Line("/// <returns>The output: " + Describe(_entries.Select(e => e.Outputs[0]))
                + ". Valid until the next prediction.</returns>");
        EmitExceptionDocumentation("An input has another length", withState);
        string signature = "public " + type + " " + _method + "(" + Parameters(_plan, withState) + ")";
        if (_plan.IsSignatureOnly)
        {
            _code.Line(signature + " => " + _notBuilt + ";");
            return;
        }
        _code.Open(signature);
        EmitInputChecks(withState);
        EmitGuarded(
            withState,
            _plan.Classifier is not null ? "return this.Classify();" : only is not null ? "return " + View(0) + ";" : null);
        _code.Close();
    }

    /// <summary>Renders the method that copies the outputs into the caller's memory.</summary>
    /// <param name="withState">Whether it takes a state.</param>
    public void EmitCopying(bool withState)
    {
        _code.Line();
        _code.Summary("Runs the model on one sample and copies the outputs into the caller's memory. Allocates nothing." + Choice);
        EmitInputDocumentation(withState);
        EmitOutputDocumentation();
        EmitExceptionDocumentation("An input or an output has another length", withState);
        string parameters = Parameters(_plan, withState);
        string signature = "public void " + _method + "(" + parameters + (parameters.Length > 0 ? ", " : "") + OutputParameters + ")";
        if (_plan.IsSignatureOnly)
        {
            _code.Line(signature + " => " + _notBuilt + ";");
            return;
        }
        _code.Open(signature);
        EmitInputChecks(withState);
        EmitForChosen(place => [.. _plan.Entries[place].Outputs.Select(o =>
            LengthCheck(Parameter(o), o.ParameterName, o.Length, o.Dimensions))]);
        EmitGuarded(withState, [.. _plan.Outputs.Select((o, i) => View(i) + ".CopyTo(" + Parameter(o) + ");")]);
        _code.Close();
    }

    /// <summary>Renders the method that says by its result whether the inputs have the right lengths.</summary>
    public void EmitTrying()
    {
        bool classifies = _plan.Classifier is not null;
        _code.Line();
        _code.Summary((classifies ? "Classifies one sample"
                : "Runs the model on one sample and copies the outputs into the caller's memory")
            + ", if what is passed has the model's lengths: for data that come from elsewhere, without an exception where they do not.");
        EmitInputDocumentation(withState: false);
        if (classifies)
            _code.Line("/// <param name=\"" + PredictionParameter + "\">The class of the greatest score.</param>");
        else
            EmitOutputDocumentation();
        _code.Line("/// <returns>Whether a prediction was made.</returns>");
        Throws("ArgumentException", "An input is this instance's own output.");
        Throws("InvalidOperationException", _plan.IsSignatureOnly
            ? "The model has not been compiled yet."
            : "The instance is making a prediction already, on another thread.");
        string signature = "public bool " + PredictorNames.TryMethod(_plan.Entries[_places[0]].Name) + "(" + string.Join(", ",
            new[] { Parameters(_plan, withState: false), classifies
                ? "out " + PredictorEmitter.FullName(_plan) + ".Prediction " + PredictionParameter : OutputParameters }
            .Where(p => p.Length > 0)) + ")";
        if (_plan.IsSignatureOnly)
        {
            _code.Line(signature + " => " + _notBuilt + ";");
            return;
        }
        string inputs = string.Join(" || ", _places.Select(p => "(" + string.Join(" && ", Lengths(_plan.Entries[p], !classifies)) + ")"));
        _code.Open(signature);
        _code.Open("if (!" + (_places.Length == 1 ? inputs : "(" + inputs + ")") + ")");
        if (classifies)
            _code.Line(PredictionParameter + " = default;");
        _code.Line("return false;");
        _code.Close();
        _code.Line();
        string arguments = string.Join(", ", _plan.Inputs.Select(Parameter).Concat(classifies ? [] : _plan.Outputs.Select(Parameter)));
        _code.Line((classifies ? PredictionParameter + " = " : "") + "this." + _method + "(" + arguments + ");");
        _code.Line("return true;");
        _code.Close();
    }

    /// <summary>Whether there are lengths that could be wrong.</summary>
    public bool CanTry => _plan.Inputs.Count > 0 && _plan.Outputs.Count > 0;

    private string PredictionParameter
    {
        get
        {
            string name = "prediction";
            while (_plan.Inputs.Any(i => i.ParameterName == name))
                name += "_";
            return name;
        }
    }

    private string OutputParameters => string.Join(", ", _plan.Outputs.Select(o => Span + o.Type.Keyword() + "> " + Parameter(o)));

    private static IEnumerable<string> Lengths(PlanEntry entry, bool withOutputs) =>
        entry.Inputs.Select(i => Parameter(i) + ".Length == " + Wording.Integer(i.Length))
            .Concat(withOutputs ? entry.Outputs.Select(o => Parameter(o) + ".Length == " + Wording.Integer(o.Length)) : []);

    /// <summary>Renders the methods of a pool that lend an instance for the time of a prediction.</summary>
    /// <param name="pool">The field that holds the instances.</param>
    public void EmitPooled(string pool)
    {
        bool withState = StateEmitter.HasState(_plan);
        string inputs = string.Join(", ", _plan.Inputs.Select(Parameter).Concat(withState ? [PredictorNames.StateParameter] : []));
        if (_plan.Classifier is not null)
        {
            _code.Line();
            _code.Summary("Classifies one sample." + Choice);
            EmitInputDocumentation(withState);
            _code.Line("/// <returns>The class of the greatest score.</returns>");
            EmitLent(pool, PredictorEmitter.FullName(_plan) + ".Prediction", Parameters(_plan, withState), inputs);
        }
        if (_plan.Outputs.Count == 0)
            return;
        _code.Line();
        _code.Summary("Runs the model on one sample and copies the outputs into the caller's memory." + Choice);
        EmitInputDocumentation(withState);
        EmitOutputDocumentation();
        string parameters = Parameters(_plan, withState);
        string separator = parameters.Length > 0 ? ", " : "";
        EmitLent(pool, "void", parameters + separator + OutputParameters,
            inputs + separator + string.Join(", ", _plan.Outputs.Select(Parameter)));
    }

    private void EmitLent(string pool, string type, string parameters, string arguments)
    {
        Throws("ArgumentException", "An input or an output has another length.");
        string signature = "public " + type + " " + _method + "(" + parameters + ")";
        if (_plan.IsSignatureOnly)
        {
            _code.Line(signature + " => " + _notBuilt + ";");
            return;
        }
        PoolEmitter.EmitLending(
            _code, _plan, pool, signature, (type == "void" ? "" : "return ") + "{0}." + _method + "(" + arguments + ");");
    }

    private void EmitOutputDocumentation()
    {
        for (int o = 0; o < _plan.Outputs.Count; o++)
        {
            _code.Line("/// <param name=\"" + _plan.Outputs[o].ParameterName + "\">Takes the output <c>"
                + Wording.Xml(_plan.Outputs[o].OnnxName) + "</c>: " + Describe(_entries.Select(e => e.Outputs[o])) + ".</param>");
        }
    }

    /// <summary>The parameters of methods that take the inputs.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="withState">Whether they take a state, too.</param>
    public static string Parameters(ModelPlan plan, bool withState) => string.Join(", ",
        plan.Inputs.Select(i => ReadOnlySpan + i.Type.Keyword() + "> " + Parameter(i))
            .Concat(withState ? [StateEmitter.Parameter(plan)] : []));

    private string Choice => Chooses ? " The lengths of the inputs say which of the shapes it has." : "";

    private static string Parameter(PlanInput input) => Identifiers.Escape(input.ParameterName);

    private static string Parameter(PlanOutput output) => Identifiers.Escape(output.ParameterName);

    // Where the method chooses among entries, the property knows which one the prediction was made with.
    private string View(int output) => Chooses ? "this." + Identifiers.Escape(_plan.Outputs[output].PropertyName)
        : PredictorEmitter.View(_plan, _entries[0].Outputs[output], _places[0]);

    private static string Describe(IEnumerable<PlanOutput> outputs) =>
        string.Join(", or ", outputs.Select(PredictorEmitter.Describe).Distinct(StringComparer.Ordinal));

    private void EmitInputDocumentation(bool withState)
    {
        for (int i = 0; i < _plan.Inputs.Count; i++)
        {
            string unused = _entries.All(e => e.Inputs[i].Binding is null) && !_plan.IsSignatureOnly ? "; the model does not use it" : "";
            string shapes = string.Join(", or ", _entries
                .Select(e => PredictorEmitter.Describe(e.Inputs[i].Type, e.Inputs[i].Length, e.Inputs[i].Dimensions))
                .Distinct(StringComparer.Ordinal));
            _code.Line("/// <param name=\"" + _plan.Inputs[i].ParameterName + "\">The input <c>" + Wording.Xml(_plan.Inputs[i].OnnxName)
                + "</c>: " + shapes + unused + ".</param>");
        }
        if (withState)
            _code.Line("/// <param name=\"" + PredictorNames.StateParameter + "\">The state to continue; afterwards the next one.</param>");
    }

    private void EmitExceptionDocumentation(string wrongLength, bool withState)
    {
        if (withState)
            Throws("ArgumentNullException", "There is no state.");
        Throws("ArgumentException", wrongLength + ", or an input is this instance's own output.");
        Throws("InvalidOperationException", _plan.IsSignatureOnly
            ? "The model has not been compiled yet."
            : "The instance is making a prediction already, on another thread.");
    }

    private void Throws(string exception, string xml) =>
        _code.Line("/// <exception cref=\"global::System." + exception + "\">" + xml + "</exception>");

    private void EmitInputChecks(bool withState)
    {
        if (withState)
            _code.Line("global::System.ArgumentNullException.ThrowIfNull(" + PredictorNames.StateParameter + ");");
        if (Chooses)
            _code.Line("int " + _chosen + " = " + PredictorNames.ChooseMethod + "("
                + string.Join(", ", _plan.Inputs.Select(i => Parameter(i) + ".Length")) + ");");
        foreach (PlanInput input in _entries[0].Inputs)
        {
            if (!Chooses)
                _code.Line(LengthCheck(Parameter(input), input.ParameterName, input.Length, input.Dimensions));
            if (input.Type == BoundaryType.String)
                continue;
            string bytes = Chooses ? Parameter(input) + ".Length * " + Wording.Integer(input.Type.Size())
                : Wording.Integer((long)input.Length * input.Type.Size());
            _code.Line("this.RequireOutside(" + FirstByte(input) + ", " + bytes + ", " + PlanText.Quote(input.ParameterName) + ");");
        }
    }

    private static string FirstByte(PlanInput input) =>
        "ref global::System.Runtime.CompilerServices.Unsafe.As<" + input.Type.Keyword()
            + ", byte>(ref global::System.Runtime.InteropServices.MemoryMarshal.GetReference(" + Parameter(input) + "))";

    private static string LengthCheck(string argument, string name, int length, EquatableList<int> dimensions) =>
        "RequireLength(" + argument + ".Length, " + Wording.Integer(length) + ", "
        + PlanText.Quote(Wording.Shape(dimensions)) + ", " + PlanText.Quote(name) + ");";

    // Statements that differ from entry to entry.
    private void EmitForChosen(Func<int, string[]> statements)
    {
        if (!Chooses)
        {
            foreach (string statement in statements(_places[0]))
                _code.Line(statement);
            return;
        }
        _code.Open("switch (" + _chosen + ")");
        for (int i = _places.Length - 1; i >= 0; i--)
        {
            _code.Line(i == 0 ? "default:" : "case " + Wording.Integer(_places[i]) + ":");
            _code.Indented([.. statements(_places[i]), "break;"]);
        }
        _code.Close();
        _code.Line();
    }

    private void EmitGuarded(bool withState, params string?[] afterwards)
    {
        _code.Line("this.Enter();");
        _code.Open("try");
        string[] state = withState ? [PredictorNames.StateParameter]
            : StateEmitter.HasState(_plan) ? ["this." + PredictorNames.StateProperty] : [];
        string arguments = string.Join(", ", _plan.Inputs.Select(Parameter).Concat(state));
        EmitForChosen(place => ["this." + Entries.Compute(place) + "(" + arguments + ");"]);
        foreach (string? line in afterwards)
            if (line is not null)
                _code.Line(line);
        _code.Close();
        _code.Open("finally");
        _code.Line("this.Leave();");
        _code.Close();
    }
}
