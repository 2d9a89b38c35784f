using System.CommandLine;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Options;
using Spectre.Console;

namespace OptimizerBuild.Tool.Commands;

/// <summary>
/// A command about one model, which it treats as the item <c>CompressedModel</c> of a project would be: the same metadata, the same
/// messages.
/// </summary>
internal abstract class ModelCommand : Command
{
    /// <summary>The process's exit code where the model, its data or its metadata are at fault.</summary>
    public const int Fault = 2;

    private readonly Option<string[]> _metadata = new("--set")
    {
        Description = "Metadata of the item, as a project has it, for example Shapes=image=1,3,224,224; several are allowed",
        HelpName = "Name=Value",
    };

    /// <param name="name">Its name on the command line.</param>
    /// <param name="description">What <c>--help</c> says of it.</param>
    /// <param name="console">Where it writes.</param>
    protected ModelCommand(string name, string description, IAnsiConsole console)
        : base(name, description)
    {
        Output = console;
        _metadata.Validators.Add(result =>
        {
            foreach (var token in result.Tokens)
                if (token.Value.IndexOf('=', StringComparison.Ordinal) <= 0)
                    result.AddError($"--set needs Name=Value, not '{token.Value}'.");
        });
        Add(_metadata);
        SetAction(Guarded);
    }

    /// <summary>Where the command writes.</summary>
    protected IAnsiConsole Output { get; }

    /// <summary>Carries the command out.</summary>
    /// <param name="line">The command line.</param>
    /// <param name="cancellation">Stops the work.</param>
    /// <returns>The process's exit code.</returns>
    /// <exception cref="ModelException">The model, its data or its metadata are at fault.</exception>
    protected abstract int Run(ParseResult line, CancellationToken cancellation);

    /// <summary>The metadata that the command line sets.</summary>
    protected Dictionary<string, string> Metadata(ParseResult line)
    {
        var metadata = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (string set in line.GetValue(_metadata) ?? [])
        {
            int end = set.IndexOf('=', StringComparison.Ordinal);
            metadata[set[..end].Trim()] = set[(end + 1)..].Trim();
        }
        return metadata;
    }

    /// <summary>What an item with these metadata asks for; relative paths start from the current folder.</summary>
    /// <exception cref="ModelException">A metadata is not understood.</exception>
    protected static ModelOptions ItemOptions(FileInfo model, IReadOnlyDictionary<string, string> metadata) =>
        ItemMetadata.Parse(model.FullName, metadata, Environment.CurrentDirectory, "");

    /// <summary>Prints diagnostics, each with its code and where it is explained.</summary>
    protected void Print(IEnumerable<Diagnostic> diagnostics)
    {
        foreach (Diagnostic d in diagnostics)
        {
            (string style, string kind) = d.Descriptor.Severity switch
            {
                Severity.Error => ("red", "error"),
                Severity.Warning => ("yellow", "warning"),
                _ => ("grey", "message"),
            };
            string place = d.File is { } file ? Markup.Escape(file) + ": " : "";
            Output.MarkupLine($"{place}[{style}]{kind} {d.Descriptor.Code}[/]: {Markup.Escape(d.Text)}");
            if (d.Descriptor.Severity != Severity.Message)
                Output.MarkupLine($"  [grey]{Markup.Escape(d.Descriptor.HelpLink)}[/]");
        }
    }

    private Task<int> Guarded(ParseResult line, CancellationToken cancellation)
    {
        try
        {
            return Task.FromResult(Run(line, cancellation));
        }
        catch (Exception e) when (Causes(e) is { Length: > 0 } causes)
        {
            Print(causes);
            return Task.FromResult(Fault);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Output.MarkupLine($"[red]error[/]: {Markup.Escape(e.Message)}");
            return Task.FromResult(Fault);
        }
    }

    // Work on all cores wraps what a thread throws.
    private static Diagnostic[] Causes(Exception e) => e switch
    {
        ModelException known => [.. known.Diagnostics],
        AggregateException { InnerExceptions: [var first, ..] } => Causes(first),
        _ => [],
    };
}
