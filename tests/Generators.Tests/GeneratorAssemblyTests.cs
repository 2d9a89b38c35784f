using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;

namespace OptimizerBuild.Generators.Tests;

/// <summary>What the generator's assembly refers to: it runs inside the compiler and may touch nothing outside of it.</summary>
public class GeneratorAssemblyTests
{
    // Much of what RS1035 bans; that rule is on, but does not report with every version of the compiler.
    private static readonly string[] Banned =
    [
        "System.IO.File", "System.IO.FileInfo", "System.IO.FileStream", "System.IO.Directory", "System.IO.DirectoryInfo",
        "System.Environment", "System.Console", "System.Diagnostics.Process", "System.Random", "System.DateTime", "System.DateTimeOffset",
        "System.Guid",
        "System.Diagnostics.Stopwatch", "System.Threading.Thread", "System.Threading.Tasks.Task", "System.Net.Http.HttpClient",
        "System.Globalization.CultureInfo.set_CurrentCulture", "System.Globalization.CultureInfo.get_CurrentCulture",
        "System.Globalization.CultureInfo.get_CurrentUICulture", "System.IO.Path.GetFullPath", "System.IO.Path.GetTempPath",
        "System.Reflection.Assembly.Load", "System.Reflection.Assembly.LoadFrom",
    ];

    [Fact]
    public void ItRefersToNothingOutsideTheCompiler()
    {
        string[] used = [.. References()];
        Assert.Contains("System.Reflection.Assembly.GetManifestResourceStream", used);
        // The compiler itself asks for the thread in every iterator.
        Assert.Equal([], used.Where(u =>
            u != "System.Environment.get_CurrentManagedThreadId"
                && Banned.Any(b => u == b || u.StartsWith(b + ".", StringComparison.Ordinal))));
    }

    [Fact]
    public void ItDependsOnTheCompilerOnly()
    {
        // System.Memory is among the compiler's own assemblies on every host.
        string[] allowed =
        [
            "netstandard", "Microsoft.CodeAnalysis", "Microsoft.CodeAnalysis.CSharp", "System.Collections.Immutable", "System.Memory",
        ];
        System.Reflection.AssemblyName[] references = typeof(PredictorGenerator).Assembly.GetReferencedAssemblies();
        Assert.Equal([], references.Select(r => r.Name!).Except(allowed));
        Assert.Equal(new Version(4, 14, 0, 0), references.Single(r => r.Name == "Microsoft.CodeAnalysis").Version);
    }

    private static IEnumerable<string> References()
    {
        using var file = new PEReader(File.OpenRead(typeof(PredictorGenerator).Assembly.Location));
        MetadataReader metadata = file.GetMetadataReader();
        foreach (MemberReferenceHandle handle in metadata.MemberReferences)
        {
            MemberReference member = metadata.GetMemberReference(handle);
            if (member.Parent.Kind != HandleKind.TypeReference)
                continue;
            TypeReference type = metadata.GetTypeReference((TypeReferenceHandle)member.Parent);
            yield return metadata.GetString(type.Namespace) + "." + metadata.GetString(type.Name) + "." + metadata.GetString(member.Name);
        }
    }
}
